"""A complete worker in one file, on the generated code and grpcio alone: it runs the commands of deployments.

    ORCH_API_URL=http://127.0.0.1:4201 python examples/minimal_worker.py POOL

It takes one run at a time from the work pool and starts the command of the run's deployment
(`launch_spec.command`) with the run's parameters in its environment. What the command prints becomes the run's
result; an exit status other than 0 fails the run. Ctrl-C or SIGTERM drains: the run at hand is finished, nothing more
is taken.

docs/worker_protocol.md says why each call is made.
"""

import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import IO, TypeVar, cast
from uuid import uuid4

import grpc

from orch_proto.v1.lease_pb2 import (
    LEASE_PHASE_RUNNING,
    LEASE_PHASE_STOPPING,
    LEASE_VERDICT_CANCEL,
    LEASE_VERDICT_FINISHED,
    LEASE_VERDICT_LOST,
    Lease,
    LeaseVerdict,
)
from orch_proto.v1.lease_service_pb2 import (
    AcquireLeasesRequest,
    HeldLease,
    ReportRunsRequest,
    RunReport,
    SyncLeasesRequest,
)
from orch_proto.v1.lease_service_pb2_grpc import LeaseServiceStub
from orch_proto.v1.result_pb2 import Result
from orch_proto.v1.state_pb2 import (
    STATE_TYPE_CANCELLED,
    STATE_TYPE_COMPLETED,
    STATE_TYPE_CRASHED,
    STATE_TYPE_FAILED,
    STATE_TYPE_RUNNING,
    Failure,
    State,
)
from orch_proto.v1.worker_service_pb2 import CloseSessionRequest, OpenSessionRequest
from orch_proto.v1.worker_service_pb2_grpc import WorkerServiceStub

Request = TypeVar("Request")
Response = TypeVar("Response")

CALL_SECONDS = 10
LARGEST_RESULT = 512 * 1024
GRACE_SECONDS = 5
"""Between SIGTERM and SIGKILL."""


class Worker:
    """One session, and the run that it holds."""

    def __init__(self, channel: grpc.Channel, pool: str) -> None:
        self.leases = LeaseServiceStub(channel)
        self.sessions = WorkerServiceStub(channel)
        self.draining = False
        name = f"minimal-{os.getpid()}"
        opening = OpenSessionRequest(request_id=str(uuid4()), worker_name=name, work_pool_name=pool, slots=1)
        opened = patiently(self.sessions.OpenSession, opening)
        self.session_id = opened.session_id
        self.pace = opened.next_sync.ToTimedelta()

    def work(self) -> None:
        """Takes runs until asked to drain, by a signal or by the control plane."""
        while not self.draining:
            self.sync()
            # A wish has an id: repeated after a lost answer, it gets the same runs, and no others.
            wish = AcquireLeasesRequest(session_id=self.session_id, request_id=str(uuid4()), max_leases=1)
            wish.wait.FromTimedelta(min(self.pace, timedelta(seconds=1)))
            answer = patiently(self.leases.AcquireLeases, wish)
            self.draining |= answer.drain
            for lease in answer.leases:
                self.run(lease)
        patiently(self.sessions.CloseSession, CloseSessionRequest(session_id=self.session_id))

    def run(self, lease: Lease) -> None:
        """Sees one run through: start, heartbeats, end."""
        if not lease.launch_spec.command:
            why = "this worker runs deployments that have a launch_spec.command"
            self.report(lease, 1, State(type=STATE_TYPE_CRASHED, message=f"Cannot start: {why}."))
            return
        self.report(lease, 1, State(type=STATE_TYPE_RUNNING))
        with tempfile.TemporaryFile() as output:
            try:
                process = start(lease, output)
            except OSError as error:
                self.report(lease, 2, State(type=STATE_TYPE_FAILED, message=str(error), failure=failure_of(error)))
                return
            stopped = self.watch(lease, process)
            output.seek(0)
            printed = output.read(LARGEST_RESULT)
        if stopped in {LEASE_VERDICT_LOST, LEASE_VERDICT_FINISHED}:
            return  # Somebody else's by now: there is nothing to report.
        self.report(lease, 2, *ended(process.returncode, printed, cancelled=stopped == LEASE_VERDICT_CANCEL))

    def watch(self, lease: Lease, process: "subprocess.Popen[bytes]") -> LeaseVerdict.ValueType | None:
        """Keeps the lease while the command runs; stops it where the control plane says so, and says why."""
        ttl = lease.ttl.ToTimedelta().total_seconds()
        renewed_at = time.monotonic()
        self.pace = min(self.pace, lease.ttl.ToTimedelta() / 3)  # What was said before was said without this lease.
        while True:
            try:
                process.wait(self.pace.total_seconds())
            except subprocess.TimeoutExpired:
                pass
            else:
                return None
            sent_at = time.monotonic()
            verdict = self.sync(HeldLease(flow_run_id=lease.flow_run_id, token=lease.token, phase=LEASE_PHASE_RUNNING))
            renewed_at = sent_at if verdict is not None else renewed_at
            if verdict in {LEASE_VERDICT_CANCEL, LEASE_VERDICT_LOST, LEASE_VERDICT_FINISHED}:
                self.stop(lease, process)
                return verdict
            silent = time.monotonic() - renewed_at
            if lease.flow_run.recovery_policy.exclusive and silent > 0.6 * ttl:
                # Nobody knows whose the run is. An exclusive one must have ended before its lease can have expired.
                process.kill()
                process.wait()
                return LEASE_VERDICT_LOST

    def stop(self, lease: Lease, process: "subprocess.Popen[bytes]") -> None:
        """Stops a command and all that it has started: SIGTERM, heartbeats while it takes its time, SIGKILL."""
        os.killpg(process.pid, signal.SIGTERM)
        until = time.monotonic() + GRACE_SECONDS
        while process.poll() is None and time.monotonic() < until:
            self.sync(HeldLease(flow_run_id=lease.flow_run_id, token=lease.token, phase=LEASE_PHASE_STOPPING))
            try:
                process.wait(min(self.pace.total_seconds(), GRACE_SECONDS))
            except subprocess.TimeoutExpired:
                continue
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()

    def sync(self, *held: HeldLease) -> LeaseVerdict.ValueType | None:
        """The heartbeat: it names the whole of what is held. The verdict on that; None where nobody answered."""
        request = SyncLeasesRequest(session_id=self.session_id, held=held, draining=self.draining)
        try:
            answer = self.leases.SyncLeases(request, timeout=max(self.pace.total_seconds(), 0.2))
        except grpc.RpcError as error:
            # Not being heard is no reason to stop: the next heartbeat comes soon.
            print(f"no answer to a heartbeat: {cast('grpc.Call', error).details()}", file=sys.stderr, flush=True)
            return None
        self.pace = answer.next_sync.ToTimedelta()
        self.draining |= answer.drain
        return answer.leases[0].verdict if answer.leases else None

    def report(self, lease: Lease, sequence: int, state: State, result: Result | None = None) -> None:
        """Reports a state. Repeated after a lost answer, it is a DUPLICATE; late, it is LOST. Neither is an error."""
        report = RunReport(
            flow_run_id=lease.flow_run_id, token=lease.token, sequence=sequence, state=state, result=result
        )
        patiently(self.leases.ReportRuns, ReportRunsRequest(session_id=self.session_id, reports=[report]))


def start(lease: Lease, output: IO[bytes]) -> "subprocess.Popen[bytes]":
    """The run's command, in a process group of its own."""
    ticket = {
        "ORCH_FLOW_RUN_ID": lease.flow_run_id,
        "ORCH_LEASE_TOKEN": str(lease.token),
        "ORCH_PARAMETERS": lease.flow_run.parameters_json,
    }
    return subprocess.Popen(
        list(lease.launch_spec.command),
        env=os.environ | ticket,
        stdin=subprocess.DEVNULL,
        stdout=output,
        stderr=subprocess.STDOUT,
        start_new_session=True,
    )


@dataclass(frozen=True)
class ExitStatusError(Exception):
    """A command ended with a status other than 0."""

    status: int

    def __str__(self) -> str:
        return f"the command ended with exit status {self.status}"


def ended(status: int, printed: bytes, *, cancelled: bool) -> tuple[State, Result | None]:
    """How a command's end is reported. What it returned or raised is data to the control plane."""
    if cancelled:
        return State(type=STATE_TYPE_CANCELLED, message="Stopped, as asked."), None
    if status == 0:
        return State(type=STATE_TYPE_COMPLETED), Result(data=printed, media_type="text/plain")
    if status < 0:
        name = signal.Signals(-status).name
        return State(type=STATE_TYPE_CRASHED, message=f"The command was ended by {name}."), None
    failure = failure_of(ExitStatusError(status))
    failure.stack_trace = printed[-4096:].decode(errors="replace")
    return State(type=STATE_TYPE_FAILED, message=failure.message, failure=failure), None


def failure_of(error: Exception) -> Failure:
    """An exception as data."""
    return Failure(type=type(error).__name__, message=str(error))


def patiently(call: Callable[..., Response], request: Request) -> Response:
    """Makes a call, again and again where the control plane cannot be reached: every call here may be repeated."""
    delay = 0.1
    while True:
        try:
            return call(request, timeout=CALL_SECONDS)
        except grpc.RpcError as error:
            if cast("grpc.Call", error).code() not in PASSING:
                raise
        time.sleep(delay)
        delay = min(2 * delay, 5.0)


PASSING = frozenset(
    {grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.DEADLINE_EXCEEDED, grpc.StatusCode.RESOURCE_EXHAUSTED}
)


def main() -> None:
    """One worker for the pool named on the command line."""
    pool = sys.argv[1] if len(sys.argv) > 1 else "default"
    address = os.environ.get("ORCH_API_URL", "http://127.0.0.1:4201").removeprefix("http://")
    with grpc.insecure_channel(address) as channel:
        worker = Worker(channel, pool)

        def drain(*_: object) -> None:
            worker.draining = True

        for each in (signal.SIGINT, signal.SIGTERM):
            signal.signal(each, drain)
        print(f"serving pool {pool!r} in session {worker.session_id}", flush=True)
        worker.work()


if __name__ == "__main__":
    main()
