"""Task runners: where submitted tasks run.

    @flow(task_runner=ThreadPoolTaskRunner(max_workers=4))      # threads of this process; the default
    @flow(task_runner=ProcessPoolTaskRunner(max_workers=4))     # processes of this machine, for work that computes

A runner may be given to many flows: each flow run works with a duplicate of it.
"""

from typing import TYPE_CHECKING

from orch.task_runners.base import TaskRunner
from orch.task_runners.threads import ThreadPoolTaskRunner

if TYPE_CHECKING:
    from orch.task_runners.processes import ProcessPoolTaskRunner

ConcurrentTaskRunner = ThreadPoolTaskRunner
"""An older name of the same."""

__all__ = ["ConcurrentTaskRunner", "ProcessPoolTaskRunner", "TaskRunner", "ThreadPoolTaskRunner"]


def __getattr__(name: str) -> object:
    # Processes need more of the standard library than a script with threads should load.
    if name == "ProcessPoolTaskRunner":
        from orch.task_runners.processes import ProcessPoolTaskRunner

        return ProcessPoolTaskRunner
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
