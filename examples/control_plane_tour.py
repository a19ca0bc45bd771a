"""A tour through the control plane: `make tour`.

Starts a control plane of its own (a temporary folder, SQLite, a free port), asks it for runs, and takes them with small
workers inside this script. The work is real: time zones and their clocks, the words of a licence, a port that nobody
listens on yet. Nothing is left behind, on Ctrl-C neither.

The SDK (`from orch import flow, task`) and the worker (`orch-worker`) do all of this by themselves; here it is done by
hand, through `orch_client`, to show what the contract says.
"""

import asyncio
import json
import os
import re
import signal
import socket
import sys
import tempfile
import traceback
from asyncio.subprocess import DEVNULL, PIPE, Process
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from time import perf_counter
from uuid import uuid4
from zoneinfo import ZoneInfo, available_timezones

from google.protobuf.duration_pb2 import Duration
from google.protobuf.timestamp_pb2 import Timestamp

from orch_client import AsyncClient, OrchClientError, connect_async
from orch_proto.v1 import (
    deployment_pb2,
    launch_pb2,
    lease_pb2,
    log_pb2,
    policy_pb2,
    result_pb2,
    schedule_pb2,
    state_pb2,
    work_pool_pb2,
)
from orch_proto.v1 import deployment_service_pb2 as deployments
from orch_proto.v1 import flow_run_service_pb2 as flow_runs
from orch_proto.v1 import lease_service_pb2 as leases
from orch_proto.v1 import log_service_pb2 as logs
from orch_proto.v1 import schedule_service_pb2 as schedules
from orch_proto.v1 import server_service_pb2 as server
from orch_proto.v1 import work_pool_service_pb2 as work_pools
from orch_proto.v1 import worker_service_pb2 as workers

POOL = "tour"
LEASE_SECONDS = 4
AT_MOST_SECONDS = 60
LICENCE = Path(__file__).resolve().parents[1] / "LICENSE"
BERLIN = ZoneInfo("Europe/Berlin")


async def tour(client: AsyncClient) -> None:
    """Every stop of the tour."""
    info = await client.server.GetServerInfo(server.GetServerInfoRequest())
    say(f"It is orch {info.version} on {info.database}, and speaks the contract orch.v1.")
    deployment_id = await prepare(client)
    await watch_a_run(client, deployment_id)
    await lose_a_worker(client)
    await retry_a_failure(client)
    await cancel_a_run(client)
    await ask_for_nonsense(client, deployment_id)


# 1. What is there before the first run: a pool, a deployment, a schedule


async def prepare(client: AsyncClient) -> str:
    """Makes a work pool, a deployment and its schedule; returns the deployment's id."""
    title("1. A work pool, a deployment, a schedule")
    pool = work_pool_pb2.WorkPool(name=POOL, type="process", lease_ttl=Duration(seconds=LEASE_SECONDS))
    await client.work_pools.CreateWorkPool(work_pools.CreateWorkPoolRequest(work_pool=pool))
    say(f"Work pool {POOL!r}: a lease lasts {LEASE_SECONDS} s without a heartbeat.")
    deployment = deployment_pb2.Deployment(
        flow_name="clock-changes",
        name="nightly",
        work_pool_name=POOL,
        parameters_json='{"year": 2027}',
        launch_spec=launch_pb2.LaunchSpec(entrypoint="examples/control_plane_tour.py:clock_changes"),
    )
    made = await client.deployments.CreateDeployment(deployments.CreateDeploymentRequest(deployment=deployment))
    say(f"Deployment 'clock-changes/nightly', version {made.deployment.version}.")
    cron = schedule_pb2.CronSpec(expression="30 2 * * *", time_zone="Europe/Berlin")
    schedule = schedule_pb2.Schedule(deployment_id=made.deployment.deployment_id, name="at-night", cron=cron)
    created = (await client.schedules.CreateSchedule(schedules.CreateScheduleRequest(schedule=schedule))).schedule
    say(f"Schedule '30 2 * * *' in Europe/Berlin; next: {berlin(created.next_time)}.")
    say("In Berlin, 02:30 does not exist on 28 March 2027, and comes twice on 31 October 2027:")
    for first_day in (datetime(2027, 3, 27, tzinfo=UTC), datetime(2027, 10, 30, tzinfo=UTC)):
        after = Timestamp(seconds=int(first_day.timestamp()))
        wish = schedules.PreviewScheduleRequest(schedule=created, after_time=after, count=3)
        for time in (await client.schedules.PreviewSchedule(wish)).nominal_times:
            say(f"  {berlin(time)}")
    return made.deployment.deployment_id


def berlin(time: Timestamp) -> str:
    """A moment on Berlin's clocks, and in UTC."""
    moment = time.ToDatetime(UTC)
    return f"{moment.astimezone(BERLIN):%a %d %b %Y %H:%M %Z} = {moment:%H:%M} UTC"


# 2. A run from its creation to its result, watched as it goes


async def watch_a_run(client: AsyncClient, deployment_id: str) -> None:
    """Creates a run of the deployment and watches what a worker does with it."""
    title("2. A run, watched live")
    say("A worker waits for work. We ask for a run; two watches print what they are told, as it comes.")
    async with a_worker(client, "anna") as anna, asyncio.TaskGroup() as group:
        group.create_task(anna.serve_one(clock_changes))
        begun = perf_counter()
        request = flow_runs.CreateFlowRunRequest(deployment_id=deployment_id, parameters_json='{"year": 2026}')
        run = (await client.flow_runs.CreateFlowRun(request)).flow_run
        say(f"Created: {run.name}, parameters {run.parameters_json}")
        lines = group.create_task(print_logs(client, run.flow_run_id))
        seen = await print_states(client, run.flow_run_id, since=begun)
        await lines
    say(f"Created to running: {seen['Running']:.1f} ms; created to completed: {seen['Completed']:.1f} ms.")
    ended = (await client.flow_runs.GetFlowRun(flow_runs.GetFlowRunRequest(flow_run_id=run.flow_run_id))).flow_run
    say(f"Its result, as stored: {ended.result.data.decode()}")


async def print_states(client: AsyncClient, run_id: str, *, since: float) -> dict[str, float]:
    """Prints a run's states until it has ended; returns when each was first seen, in ms since `since`.

    A watch tells what a run is, and may pass over what it was for a moment; the run's history is whole.
    """
    seen: dict[str, float] = {}
    told = 0
    async for _ in client.flow_runs.WatchFlowRun(flow_runs.WatchFlowRunRequest(flow_run_id=run_id)):
        history = await client.flow_runs.ListFlowRunStates(flow_runs.ListFlowRunStatesRequest(flow_run_id=run_id))
        for change in history.changes[told:]:
            seen.setdefault(change.state.name, (perf_counter() - since) * 1000)
            message = f"  {change.state.message}" if change.state.message else ""
            say(f"  state  {change.state.name:<16} token {change.token}{message}")
        told = len(history.changes)
    return seen


async def print_logs(client: AsyncClient, run_id: str) -> None:
    """Prints a run's log until the run has ended."""
    async for answer in client.logs.WatchLogs(logs.WatchLogsRequest(flow_run_id=run_id)):
        for entry in answer.entries:
            say(f"  log    {entry.offset}: {entry.record.message}")


async def clock_changes(held: "HeldRun") -> Mapping[str, object]:
    """Real work on real data: which of the world's time zones change their clocks in a year."""
    year = json.loads(held.lease.flow_run.parameters_json)["year"]
    changing: Counter[str] = Counter()
    zones = sorted(name for name in available_timezones() if "/" in name and not name.startswith("Etc/"))
    for name in zones:
        noons = (datetime(year, month, 15, 12, tzinfo=ZoneInfo(name)) for month in range(1, 13))
        changing[name.partition("/")[0]] += len({noon.utcoffset() for noon in noons}) > 1
    most = dict(changing.most_common(3))
    for region, count in most.items():
        await held.log(f"{region}: {count} zones change their clocks in {year}")
    return {"year": year, "zones": len(zones), "changing": changing.total(), "most": most}


# 3. A worker dies


async def lose_a_worker(client: AsyncClient) -> None:
    """A durable run survives the death of its worker, and what the dead one says afterwards is refused."""
    title("3. A worker dies; its run does not")
    durable = policy_pb2.RecoveryPolicy(durable=True)
    run = await new_run(client, "licence-words", recovery_policy=durable)
    async with a_worker(client, "bert") as bert, a_worker(client, "cleo") as cleo:
        lost = await bert.take()
        await lost.start()
        begun = perf_counter()
        say(f"bert runs it under token {lost.lease.token} and falls silent: no heartbeat, no goodbye.")
        async with asyncio.TaskGroup() as group:
            group.create_task(print_states(client, run, since=begun))
            taken = await cleo.take()
            say(f"After {perf_counter() - begun:.1f} s the run is cleo's, under token {taken.lease.token}.")
            late = await lost.report(state_pb2.STATE_TYPE_COMPLETED, message="I have been slow, but I am done.")
            say(f"bert wakes up and reports COMPLETED. It is told {verdict(late)}: {late.message}")
            await taken.run(licence_words)


async def licence_words(held: "HeldRun") -> Mapping[str, object]:
    """The words that the licence of Orch uses most."""
    words = Counter(re.findall(r"[a-z]{6,}", LICENCE.read_text().lower()))
    await held.log(f"{words.total()} long words, {len(words)} different ones")
    return dict(words.most_common(3))


# 4. A failure, and the retry that its policy asks for


async def retry_a_failure(client: AsyncClient) -> None:
    """The first attempt finds nobody listening; until the second, somebody does."""
    title("4. A failing run, retried by its policy")
    policy = policy_pb2.RetryPolicy(max_retries=2, delays=[Duration(nanos=500_000_000)])
    silent = socket.socket()
    silent.bind(("127.0.0.1", 0))  # Taken, but nobody listens there.
    port = silent.getsockname()[1]
    run = await new_run(client, "say-hello", retry_policy=policy, parameters_json=json.dumps({"port": port}))
    async with a_worker(client, "dora") as dora, asyncio.TaskGroup() as group:
        group.create_task(print_states(client, run, since=perf_counter()))
        await dora.serve_one(say_hello)
        async with await asyncio.start_server(greet, sock=silent):
            say(f"  now somebody listens on port {port}")
            await dora.serve_one(say_hello)


async def say_hello(held: "HeldRun") -> Mapping[str, object]:
    """Asks a service for its greeting."""
    reader, writer = await asyncio.open_connection("127.0.0.1", json.loads(held.lease.flow_run.parameters_json)["port"])
    try:
        return {"greeting": (await reader.readline()).decode().strip()}
    finally:
        writer.close()


async def greet(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """The service."""
    writer.write(b"hello\n")
    await writer.drain()
    writer.close()


# 5. A cancel


async def cancel_a_run(client: AsyncClient) -> None:
    """A cancel is heard by the holder at once, not at its next heartbeat."""
    title("5. A cancel reaches its holder")
    run = await new_run(client, "wait-for-ever")
    async with a_worker(client, "emil") as emil, asyncio.TaskGroup() as group:
        held = await emil.take()
        await held.start()
        group.create_task(print_states(client, run, since=perf_counter()))
        hints = client.workers.WatchSession(workers.WatchSessionRequest(session_id=emil.session_id))
        await anext(aiter(hints))
        begun = perf_counter()
        request = flow_runs.CancelFlowRunRequest(flow_run_id=run, reason="The tour goes on.")
        asked = asyncio.ensure_future(client.flow_runs.CancelFlowRun(request))
        await anext(aiter(hints))
        heard = await held.heartbeat()
        say(f"The holder was told {heard} {(perf_counter() - begun) * 1000:.1f} ms after the cancel was sent.")
        hints.cancel()
        await asked
        await held.report(state_pb2.STATE_TYPE_CANCELLED, message="Stopped, as asked.")


# 6. What a bad request is told


async def ask_for_nonsense(client: AsyncClient, deployment_id: str) -> None:
    """Errors name the field, say why, and carry a reason for programs."""
    title("6. What bad requests are told")
    cron = schedule_pb2.CronSpec(expression="0 2 30 2 *", time_zone="Europe/Berlin")
    typo = schedule_pb2.CronSpec(expression="0 2 * * *", time_zone="Europe/Belin")
    wishes: Mapping[str, Callable[[], Awaitable[object]]] = {
        "a schedule for 30 February": lambda: client.schedules.CreateSchedule(
            schedules.CreateScheduleRequest(schedule=schedule_pb2.Schedule(deployment_id=deployment_id, cron=cron))
        ),
        "a zone with a typo": lambda: client.schedules.CreateSchedule(
            schedules.CreateScheduleRequest(schedule=schedule_pb2.Schedule(deployment_id=deployment_id, cron=typo))
        ),
        "parameters that are not JSON": lambda: new_run(client, "clock-changes", parameters_json="{year: 2026}"),
        "a pool that is not there": lambda: client.flow_runs.CreateFlowRun(
            flow_runs.CreateFlowRunRequest(flow_name="clock-changes", work_pool_name="tuor")
        ),
    }
    for wish, ask in wishes.items():
        try:
            await ask()
        except OrchClientError as error:
            say(f"{wish}: {error.code}, reason {error.reason}")
            say(f"  {error}")
        else:
            raise AssertionError(f"{wish} was granted")


# A worker, as small as can be. The real one launches processes; this one awaits a function.


Work = Callable[["HeldRun"], Awaitable[Mapping[str, object]]]


class Worker:
    """A session of the pool, and what it may ask for."""

    def __init__(self, client: AsyncClient, session_id: str) -> None:
        self.client = client
        self.session_id = session_id

    async def take(self) -> "HeldRun":
        """Waits for a run, and adopts its lease as the run's process does."""
        wish = leases.AcquireLeasesRequest(session_id=self.session_id, request_id=str(uuid4()), max_leases=1)
        [granted] = (await self.client.leases.AcquireLeases(wish)).leases
        adoption = leases.AdoptLeaseRequest(
            flow_run_id=granted.flow_run_id, token=granted.token, adopter_id=str(uuid4())
        )
        return HeldRun(self.client, (await self.client.leases.AdoptLease(adoption)).lease)

    async def serve_one(self, work: Work) -> None:
        """Takes one run and sees it through."""
        await (await self.take()).run(work)


class HeldRun:
    """A run under a lease. Every write names the lease's fencing token."""

    def __init__(self, client: AsyncClient, lease: lease_pb2.Lease) -> None:
        self.client = client
        self.lease = lease
        self._sequence = 0
        self._offset = 0

    async def start(self) -> None:
        """Says that the code runs."""
        await self.report(state_pb2.STATE_TYPE_RUNNING)

    async def run(self, work: Work) -> None:
        """Does the work and reports how it went. An exception is data, for the control plane to decide about."""
        await self.start()
        try:
            value = await work(self)
        except Exception as error:  # whatever it is, it ended this attempt
            failure = state_pb2.Failure(
                type=type(error).__name__, message=str(error), stack_trace=traceback.format_exc()
            )
            await self.report(state_pb2.STATE_TYPE_FAILED, message=f"{type(error).__name__}: {error}", failure=failure)
            return
        result = result_pb2.Result(data=json.dumps(value).encode(), media_type="application/json")
        await self.report(state_pb2.STATE_TYPE_COMPLETED, result=result)

    async def report(
        self,
        type_: state_pb2.StateType.ValueType,
        *,
        message: str = "",
        failure: state_pb2.Failure | None = None,
        result: result_pb2.Result | None = None,
    ) -> leases.ReportedRun:
        """Reports a state; what became of the report."""
        self._sequence += 1
        report = leases.RunReport(
            flow_run_id=self.lease.flow_run_id,
            token=self.lease.token,
            sequence=self._sequence,
            state=state_pb2.State(type=type_, message=message, failure=failure),
            result=result,
        )
        [reported] = (await self.client.leases.ReportRuns(leases.ReportRunsRequest(reports=[report]))).reports
        return reported

    async def log(self, message: str) -> None:
        """Appends a line."""
        now = Timestamp()
        now.GetCurrentTime()
        append = logs.AppendLogsRequest(
            flow_run_id=self.lease.flow_run_id,
            token=self.lease.token,
            stream="run",
            offset=self._offset,
            records=[log_pb2.LogRecord(time=now, level=log_pb2.LOG_LEVEL_INFO, logger="tour", message=message)],
        )
        self._offset = (await self.client.logs.AppendLogs(append)).committed_offset

    async def heartbeat(self) -> str:
        """Renews the lease; the verdict's name."""
        held = leases.HeldLease(
            flow_run_id=self.lease.flow_run_id, token=self.lease.token, phase=lease_pb2.LEASE_PHASE_RUNNING
        )
        [synced] = (await self.client.leases.SyncLeases(leases.SyncLeasesRequest(held=[held]))).leases
        return lease_pb2.LeaseVerdict.Name(synced.verdict).removeprefix("LEASE_VERDICT_")


@asynccontextmanager
async def a_worker(client: AsyncClient, name: str) -> AsyncIterator[Worker]:
    """A worker's session, closed at the end."""
    opening = workers.OpenSessionRequest(worker_name=name, work_pool_name=POOL, slots=1)
    session_id = (await client.workers.OpenSession(opening)).session_id
    try:
        yield Worker(client, session_id)
    finally:
        await client.workers.CloseSession(workers.CloseSessionRequest(session_id=session_id))


async def new_run(
    client: AsyncClient,
    flow: str,
    *,
    parameters_json: str = "",
    retry_policy: policy_pb2.RetryPolicy | None = None,
    recovery_policy: policy_pb2.RecoveryPolicy | None = None,
) -> str:
    """Creates a run without a deployment, by its flow's name; returns its id."""
    request = flow_runs.CreateFlowRunRequest(
        flow_name=flow,
        work_pool_name=POOL,
        parameters_json=parameters_json,
        retry_policy=retry_policy,
        recovery_policy=recovery_policy,
    )
    return (await client.flow_runs.CreateFlowRun(request)).flow_run.flow_run_id


def verdict(reported: leases.ReportedRun) -> str:
    """A verdict's name, without its prefix."""
    return lease_pb2.ReportVerdict.Name(reported.verdict).removeprefix("REPORT_VERDICT_")


# The control plane that the tour goes through


@asynccontextmanager
async def control_plane(home: str) -> AsyncIterator[str]:
    """A control plane in a process of its own, as `orch server start` runs it; its URL."""
    foreign = ("ORCH_", "OTEL_")
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "orch_server", "--home", home, "--port", "0", "--log-format", "json"),
        env={name: value for name, value in os.environ.items() if not name.startswith(foreign)},
        stdin=DEVNULL,
        stdout=DEVNULL,
        stderr=PIPE,
        start_new_session=True,  # Ctrl-C is for the tour, which then stops the control plane
    )
    reader: asyncio.Task[None] | None = None
    try:
        url = await where_it_listens(process)
        reader = asyncio.create_task(drain(process))
        yield url
    finally:
        with suppress(ProcessLookupError):
            process.terminate()
        if reader is not None:
            await reader
        await process.wait()


async def where_it_listens(process: Process) -> str:
    """The URL in the control plane's first event."""
    said = b""
    assert process.stderr is not None
    async for line in process.stderr:
        said += line
        with suppress(ValueError):
            event = json.loads(line)
            if event.get("event") == "server started":
                return str(event["url"])
    raise SystemExit(f"The control plane did not start:\n{said.decode()}")


async def drain(process: Process) -> None:
    """Reads on, so that the control plane never waits for a reader of its log."""
    assert process.stderr is not None
    async for _ in process.stderr:
        pass


def title(text: str) -> None:
    """A stop's title."""
    print(f"\n{text}\n{'-' * len(text)}", flush=True)


def say(text: str) -> None:
    """A line for people."""
    print(text, flush=True)


async def main() -> None:
    """The tour, from the control plane's start to its stop."""
    task = asyncio.current_task()
    if task is not None and sys.platform != "win32":
        asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, task.cancel)
    begun = perf_counter()
    with tempfile.TemporaryDirectory(prefix="orch-tour-") as home:
        async with asyncio.timeout(AT_MOST_SECONDS), control_plane(home) as url:
            say(f"A control plane runs at {url}, its database in {home}.")
            async with connect_async(url) as client:
                await tour(client)
    title("Where to look next")
    say("docs/concepts.md            runs, states, leases, fencing tokens, pools, schedules")
    say("docs/worker_protocol.md     a worker in any language, and examples/minimal_worker.py")
    say("docs/client.md              the client that this tour uses")
    say("docs/server.md              a control plane of your own: orch server start")
    say("proto/orch_proto/v1         the contract itself")
    say(f"\nThe control plane is stopped and its folder is gone. All of it took {perf_counter() - begun:.1f} s.")


if __name__ == "__main__":
    try:
        asyncio.run(main())
    except (KeyboardInterrupt, asyncio.CancelledError):
        print("\nStopped; nothing is left behind.")
        sys.exit(130)
