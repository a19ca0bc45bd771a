"""For tests of flows: a control plane of their own, which is gone afterwards, and a clock that does not wait.

    from orch.testing import isolated

    def test_etl() -> None:
        with isolated() as plane:
            assert etl(day="2026-01-01") == 42
            (run,) = plane.flow_runs()
            assert run.state.name == "Completed"
            assert [task.name for task in plane.task_runs(run)] == ["fetch-0", "load-0"]

Delays of retries and `orch.sleep` pass at once, and cached results grow old by as much; `plane.clock.advance` lets more
time pass. The bare function of a flow or task is its `.fn`: calling it makes no run.
"""

import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from orch import clock as clocks
from orch.errors import RecordingError
from orch.recording.recorder import CourierRecorder, close_recorder, current_recorder, use_recorder
from orch.settings import current_settings, temporary_settings

if TYPE_CHECKING:
    from orch.recording.transport import Transport
    from orch_proto.v1.flow_run_pb2 import FlowRun
    from orch_proto.v1.task_run_pb2 import TaskRun

_PATIENCE_SECONDS = 30.0


class MovedClock(clocks.WaitingClock):
    """A clock on which waiting takes no time: whoever waits moves it on."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._moved_seconds = 0.0

    def time(self) -> float:
        """Seconds since 1970, and what the clock was moved on."""
        return time.time() + self._moved_seconds

    def advance(self, by: timedelta | float) -> None:
        """Let time pass: seconds, or a timedelta."""
        seconds = by.total_seconds() if isinstance(by, timedelta) else by
        with self._lock:
            self._moved_seconds += seconds

    def sleep(self, seconds: float) -> None:
        """Time passes at once."""
        self.advance(seconds)

    async def asleep(self, seconds: float) -> None:
        """Time passes at once."""
        self.advance(seconds)


class TestPlane:
    """The control plane of one test."""

    __test__ = False

    def __init__(self, home: Path, clock: MovedClock) -> None:
        """Made by `isolated`."""
        self.home = home
        self.clock = clock

    def flow_runs(self) -> "list[FlowRun]":
        """All flow runs, newest first, as the control plane has them."""
        from orch_proto.v1.flow_run_service_pb2 import ListFlowRunsRequest

        async def read(transport: "Transport") -> "list[FlowRun]":
            return list((await transport.list_flow_runs(ListFlowRunsRequest(page_size=1000))).flow_runs)

        return self._recorder().read(read, timeout_seconds=_PATIENCE_SECONDS)

    def task_runs(self, run: "FlowRun") -> "list[TaskRun]":
        """A flow run's task runs, oldest first."""
        from orch_proto.v1.task_run_service_pb2 import ListTaskRunsRequest

        async def read(transport: "Transport") -> "list[TaskRun]":
            request = ListTaskRunsRequest(flow_run_id=run.flow_run_id, page_size=1000)
            return list((await transport.list_task_runs(request)).task_runs)

        return self._recorder().read(read, timeout_seconds=_PATIENCE_SECONDS)

    def _recorder(self) -> CourierRecorder:
        recorder = current_recorder()
        if not isinstance(recorder, CourierRecorder) or not recorder.flush(_PATIENCE_SECONDS):
            raise RecordingError("The test's control plane has not stored everything: look at the log above.")
        return recorder


@contextmanager
def isolated(home: Path | None = None) -> Iterator[TestPlane]:
    """A control plane that knows nothing else and nobody else knows, until the block ends.

    Everything is written to `home`, or to a folder that is removed afterwards. Settings of the surroundings that name
    another control plane do not count.
    """
    with tempfile.TemporaryDirectory(prefix="orch-test-") as folder:
        place = home or Path(folder)
        clock = MovedClock()
        before = use_recorder(None)
        with (
            temporary_settings(home=place, api_url="", recording="auto", results_storage=""),
            clocks.using(clock),
        ):
            try:
                yield TestPlane(current_settings().home, clock)
            finally:
                close_recorder(_PATIENCE_SECONDS)
                use_recorder(before)
