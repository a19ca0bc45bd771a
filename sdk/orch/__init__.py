"""Orch's SDK: ordinary Python functions as observed, retried, recoverable workflows.

    from orch import flow, task

    @task(retries=3)
    def fetch(url: str) -> bytes: ...

    @flow(log_prints=True)
    def report(url: str) -> None:
        print(len(fetch(url)))

    report("https://example.com")

Importing it is cheap and has no effects: nothing here loads grpc, a database driver or the server, and most of the
names below are loaded when they are first used. `tests/packaging/test_imports.py` holds it to that.
"""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from orch.annotations import allow_failure, quote, unmapped
    from orch.context import tags
    from orch.deployments import deploy, serve
    from orch.flows import Flow, flow
    from orch.futures import OrchFuture, as_completed, wait
    from orch.logging import get_run_logger
    from orch.sleeping import asleep, sleep
    from orch.states import State
    from orch.tasks import Task, task
    from orch.transactions import transaction

# Where each name lives.
_HOMES = {
    "Flow": "flows",
    "OrchFuture": "futures",
    "State": "states",
    "Task": "tasks",
    "allow_failure": "annotations",
    "as_completed": "futures",
    "asleep": "sleeping",
    "deploy": "deployments",
    "flow": "flows",
    "get_run_logger": "logging",
    "quote": "annotations",
    "serve": "deployments",
    "sleep": "sleeping",
    "tags": "context",
    "task": "tasks",
    "transaction": "transactions",
    "unmapped": "annotations",
    "wait": "futures",
}

__all__ = [
    "Flow",
    "OrchFuture",
    "State",
    "Task",
    "__version__",
    "allow_failure",
    "as_completed",
    "asleep",
    "deploy",
    "flow",
    "get_run_logger",
    "quote",
    "serve",
    "sleep",
    "tags",
    "task",
    "transaction",
    "unmapped",
    "wait",
]


def __getattr__(name: str) -> object:
    if name == "__version__":
        # Looking it up costs more than importing this package.
        from importlib.metadata import version

        return version("orch")
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    found: object = getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
    globals()[name] = found
    return found


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
