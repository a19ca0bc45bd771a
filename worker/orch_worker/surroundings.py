"""What the supervision of an attempt works with; one for all attempts."""

from dataclasses import dataclass

from orch_worker.heartbeat import Heartbeat
from orch_worker.held_runs import HeldRuns
from orch_worker.jobs import JobMaker
from orch_worker.journal import Journal
from orch_worker.launchers.base import Launcher
from orch_worker.log_streams import LogCalls
from orch_worker.meters import Telemetry
from orch_worker.reporting import Reporter
from orch_worker.resting import Rest
from orch_worker.sessions import Sessions


@dataclass(frozen=True, slots=True)
class Surroundings:
    """The parts of the worker."""

    worker_name: str
    launcher: Launcher
    jobs: JobMaker
    journal: Journal
    runs: HeldRuns
    sessions: Sessions
    heartbeat: Heartbeat
    reporter: Reporter
    rest: Rest
    logs: LogCalls
    telemetry: Telemetry
