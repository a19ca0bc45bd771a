"""Runs one flow run that a worker was granted: what a launcher starts as `python -m orch.run`.

The environment holds the run's ticket (`orch.run.ticket`), the working folder is where its code is. The process adopts
the lease, imports the flow meanwhile, runs it, and reports how it ended.

ticket        which run, under which token
entrypoint    from "path/to/file.py:function" to a flow
deployed      the run, from its ticket to its end
warm          imports all that a run needs, so that processes forked from here begin at once
"""

__all__ = ["main"]


def main() -> int:
    """Run what the environment's ticket names. Returns the exit code: 0 where the run's end, whatever it was, has been
    reported; 1 where it could not be: what started this process has to say how the run ended.
    """
    import os
    import sys

    from orch.errors import ConfigurationError
    from orch.run.deployed import run
    from orch.run.ticket import Ticket, TicketError

    try:
        return run(Ticket.read(os.environ))
    except (TicketError, ConfigurationError) as error:
        sys.stderr.write(f"{error}\n")
        return 1
