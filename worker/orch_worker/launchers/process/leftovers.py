"""Processes whose host is gone."""

import os
import signal
from contextlib import suppress

from orch_client.processes import process_mark
from orch_worker.launchers.process.folders import ProcessFacts
from orch_worker.launchers.process.host.evidence import session_members


def kill_leftovers(process: ProcessFacts) -> None:
    """Kill what is left of an attempt. Most is dead already: its process dies with its host, where the system can."""
    leader = process_mark(process.pid)
    if leader and leader != process.mark:
        # The number is somebody else's now. Had the session any member left, it could not be.
        return
    if leader:
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(process.pid, signal.SIGKILL)
    for pid in session_members(process.pid):
        with suppress(ProcessLookupError, PermissionError):
            os.kill(pid, signal.SIGKILL)
