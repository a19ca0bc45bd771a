"""Forks while its recorder has just begun to work, and runs flows on both sides. Given a pipe, it then stays until that
is opened and read.
"""

import os
import sys

from orch import flow
from orch.recording import close_recorder


@flow
def parent() -> int:
    # The recorder is still loading what it needs.
    child = os.fork()
    if child == 0:
        in_child()
        close_recorder()
        os._exit(0)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


@flow
def in_child() -> None:
    pass


if parent() != 0:
    raise SystemExit("the child has failed")
for pipe in sys.argv[1:]:
    with open(pipe) as stay:
        stay.read()
