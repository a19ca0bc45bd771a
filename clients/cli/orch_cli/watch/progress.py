"""How far a run is: its task runs, counted now and then while somebody watches."""

import threading
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

from orch_cli.output.states import state_type
from orch_client.errors import OrchClientError

if TYPE_CHECKING:
    from orch_client.client import Client
    from orch_proto.v1.task_run_pb2 import TaskRun

_EVERY_SECONDS = 2.0
_MOST = 1000
"""Looked at at once: more than this are told as "more than"."""
_WORDS = (("COMPLETED", "done"), ("RUNNING", "running"), ("FAILED", "failed"), ("CRASHED", "crashed"))


class Progress:
    """The last count, in words."""

    def __init__(self, orch: "Client", flow_run_id: str) -> None:
        self._orch = orch
        self._flow_run_id = flow_run_id
        self.words = ""
        """ "tasks: 12 done, 3 running"; empty where there are none, or nobody could count them."""

    def count(self) -> None:
        """Count anew. Raises errors of orch_client."""
        from orch_proto.v1.task_run_service_pb2 import ListTaskRunsRequest

        request = ListTaskRunsRequest(flow_run_id=self._flow_run_id, page_size=_MOST)
        page = self._orch.task_runs.ListTaskRuns(request)
        self.words = _words(page.task_runs, more=bool(page.next_page_token))


def _words(tasks: "Iterable[TaskRun]", *, more: bool) -> str:
    counts = Counter(state_type(task.state) for task in tasks if not task.superseded)
    known = [f"{counts.pop(name)} {word}" for name, word in _WORDS if counts[name]]
    others = [f"{count} {name.lower()}" for name, count in sorted(counts.items()) if count]
    words = ", ".join([*known, *others])
    if not words:
        return ""
    return f"the first {_MOST} tasks: {words}" if more else f"tasks: {words}"


@contextmanager
def counting(orch: "Client", flow_run_id: str) -> Iterator[Progress]:
    """A progress that is counted every two seconds, by a thread of its own."""
    progress = Progress(orch, flow_run_id)
    over = threading.Event()

    def run() -> None:
        while not over.is_set():
            # Those who follow the run hear of the same errors and tell them; here the old count stays.
            with suppress(OrchClientError):
                progress.count()
            over.wait(_EVERY_SECONDS)

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    try:
        yield progress
    finally:
        over.set()
