"""What can go wrong when code is fetched.

LaunchError                 (orch_worker.launchers.base)
└── CodeError               the code, or its environment, could not be made ready
"""

from orch_worker.launchers.base import LaunchError


class CodeError(LaunchError):
    """The code of a run could not be made ready. The text says why and what to do; it has no credentials in it."""
