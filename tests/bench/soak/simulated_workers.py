"""Workers that speak the protocol and launch nothing: most of a soak's runs, at the cost of their calls alone."""

import asyncio
import json
from collections.abc import Iterable
from time import perf_counter

from orch_proto.v1.lease_pb2 import Lease, LeaseVerdict, ReportVerdict
from orch_proto.v1.state_pb2 import StateType
from orch_proto.v1.task_run_service_pb2 import ReportTaskRunsRequest
from tests.bench.api import Api, heartbeat
from tests.bench.logs import Writer, record
from tests.bench.soak.scene import Scene
from tests.bench.tasks import task_run_report

SLOTS = 8
TASKS = 4
APPENDS = 3
LINES_AN_APPEND = 5
FAILING_SHARE = 0.05
_SECONDS_A_STEP = (0.05, 0.4)
_HEARTBEAT_SECONDS = 3.0
_LONGEST_PADDING = 120


class SimulatedWorker:
    """One session. It takes as many runs as it has slots, and gives each a life of tasks and log lines."""

    def __init__(self, api: Api, name: str, scene: Scene) -> None:
        self._api = api
        self._name = name
        self._scene = scene
        self._held: dict[str, Lease] = {}
        self._freed = asyncio.Event()

    async def run(self) -> None:
        """Until cancelled. Raises where a call fails, or an answer is not what it must be."""
        session = await self._api.open_session(self._name, slots=SLOTS)
        async with asyncio.TaskGroup() as group:
            group.create_task(self._beat(session))
            while True:
                while len(self._held) >= SLOTS:
                    self._freed.clear()
                    await self._freed.wait()
                for lease in await self._api.acquire(session, most=SLOTS - len(self._held)):
                    self._held[lease.flow_run_id] = lease
                    group.create_task(self._live(session, lease))

    async def _beat(self, session: str) -> None:
        while True:
            request = heartbeat(session, list(self._held.values()))
            with self._scene.timings.of("heartbeat"):
                answer = await self._api.leases.SyncLeases(request)
            for each in answer.leases:
                # A run whose end was reported meanwhile is held no more.
                if each.verdict != LeaseVerdict.LEASE_VERDICT_OK and each.flow_run_id in self._held:
                    raise RuntimeError(f"a lease was not renewed: {each}")
            await asyncio.sleep(_HEARTBEAT_SECONDS)

    async def _live(self, session: str, lease: Lease) -> None:
        """A run, from its grant to its end."""
        await self._report(session, lease, StateType.STATE_TYPE_RUNNING, sequence=1)
        self._tell_beginning(lease)
        writer = Writer(self._api, lease)
        for _ in range(APPENDS):
            await asyncio.sleep(self._scene.chance.uniform(*_SECONDS_A_STEP))
            with self._scene.timings.of("append"):
                await writer.send(writer.request([record(line) for line in self._lines()]))
        await self._report_tasks(lease)
        failed = self._scene.chance.random() < FAILING_SHARE
        end = StateType.STATE_TYPE_FAILED if failed else StateType.STATE_TYPE_COMPLETED
        del self._held[lease.flow_run_id]
        await self._report(session, lease, end, sequence=2)
        self._scene.ended += 1
        self._freed.set()

    def _tell_beginning(self, lease: Lease) -> None:
        self._scene.running.append(lease.flow_run_id)
        asked = json.loads(lease.flow_run.parameters_json or "{}").get("asked")
        if asked is not None:
            self._scene.timings.add("create_to_running", perf_counter() - asked)

    def _lines(self) -> Iterable[str]:
        """Each begins with the moment when it was said."""
        for _ in range(LINES_AN_APPEND):
            yield f"{perf_counter()!r} {'x' * self._scene.chance.randrange(_LONGEST_PADDING)}"

    async def _report(self, session: str, lease: Lease, state: "StateType.ValueType", *, sequence: int) -> None:
        with self._scene.timings.of("report"):
            await self._api.report(session, [lease], state, sequence=sequence)

    async def _report_tasks(self, lease: Lease) -> None:
        reports = [task_run_report(lease.flow_run_id, number) for number in range(TASKS)]
        request = ReportTaskRunsRequest(flow_run_id=lease.flow_run_id, token=lease.token, reports=reports)
        with self._scene.timings.of("report_tasks"):
            answer = await self._api.task_runs.ReportTaskRuns(request)
        if answer.verdict != ReportVerdict.REPORT_VERDICT_ACCEPTED:
            raise RuntimeError(f"task runs were not accepted: {answer}")
