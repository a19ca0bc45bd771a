"""What an earlier version is told to do before its data is recorded: something of everything, left in the midst of it.

It speaks by a contract alone, so that the same lines drive every version. What a contract does not know yet is left
out.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Final
from uuid import uuid4

from orch_server.clock import SystemClock, TimeOrderedIds
from tests.upgrade.older_client import Json, OlderClient

_LEASE: Final = "3600s"
"""Longer than any test lasts."""
_NOON: Final = "2026-03-02T12:00:00Z"
_FAR: Final = "2200-01-01T00:00:00Z"
STREAM: Final = "stdout"
ACCEPTED: Final = "REPORT_VERDICT_ACCEPTED"
_RETRYING: Final = {"max_retries": 3, "delays": ["1s"]}
_FAILURE: Final = {"type": "ValueError", "message": "no such städte: \u2603", "stack_trace": 'File "etl.py", line 3'}


@dataclass
class Facts:
    """What the scene has made, by the name that it goes by in it.

    runs: ids. tokens: of the runs that are held, or were. versions: of each run, as numbers of its newest state.
    """

    name: str
    session_id: str = ""
    deployment_id: str = ""
    ticking_id: str = ""
    schedule_ids: list[str] = field(default_factory=list)
    holder_id: str = ""
    task_run_id: str = ""
    runs: dict[str, str] = field(default_factory=dict)
    tokens: dict[str, int] = field(default_factory=dict)

    def as_json(self) -> Json:
        """To be written down."""
        return asdict(self)


# How each run of a worker ends up: what its holder reports, one state after the other.
_REPORTED: Final[Mapping[str, tuple[Json, ...]]] = {
    "pending": (),
    "running": ({"type": "STATE_TYPE_RUNNING"},),
    "paused": ({"type": "STATE_TYPE_RUNNING"}, {"type": "STATE_TYPE_PAUSED", "message": "waits for Anna"}),
    "cancelling": ({"type": "STATE_TYPE_RUNNING"},),
    "completed": ({"type": "STATE_TYPE_RUNNING"}, {"type": "STATE_TYPE_COMPLETED", "message": "42 rows"}),
    "failed": ({"type": "STATE_TYPE_RUNNING"}, {"type": "STATE_TYPE_FAILED", "failure": _FAILURE}),
    "cancelled": ({"type": "STATE_TYPE_RUNNING"}, {"type": "STATE_TYPE_CANCELLED"}),
    "crashed": ({"type": "STATE_TYPE_RUNNING"}, {"type": "STATE_TYPE_CRASHED", "message": "killed by signal 9"}),
}
HELD: Final = ("pending", "running", "paused", "cancelling")
"""Runs whose leases live when the version ends."""
_WORKED: Final = ("running", "completed")
"""Runs with task runs and logs."""
_OTHERS: Final = {
    "later": "STATE_TYPE_SCHEDULED",
    "process": "STATE_TYPE_RUNNING",
    "process-ended": "STATE_TYPE_COMPLETED",
}
RESTLESS: Final = frozenset({"queued", "retrying"})
"""Runs that wait for a worker: sooner or later they are late."""


def expected_states(names: set[str]) -> dict[str, str]:
    """The states in which the scene leaves its runs, as far as there are such runs."""
    states = {name: f"STATE_TYPE_{name.upper()}" for name in _REPORTED} | _OTHERS
    return {name: states[name] for name in names - RESTLESS}


def make_scene(client: OlderClient) -> Facts:
    """Make everything, under names that nobody else has."""
    facts = Facts(f"scene-{uuid4().hex[:8]}")
    client.call("CreateWorkPool", work_pool={"name": facts.name, "lease_ttl": _LEASE, "description": "a lab"})
    client.call("CreateWorkQueue", work_queue={"work_pool_name": facts.name, "name": "urgent", "priority": 7})
    _deployments(client, facts)
    opened = client.call("OpenSession", worker_name="anna", work_pool_name=facts.name, slots=50, labels={"zone": "b"})
    facts.session_id = opened["session_id"]
    for name, states in _REPORTED.items():
        _held(client, facts, name=name)
        for sequence, state in enumerate(states, 1):
            if name in _WORKED and state["type"] == "STATE_TYPE_COMPLETED":
                _work(client, facts, name)
            report(client, facts, name, sequence=sequence, state=state)
    _work(client, facts, "running")
    _retrying(client, facts)
    # From here on the worker is told to look at its leases before it gets more.
    client.call("CancelFlowRun", flow_run_id=facts.runs["cancelling"], reason="enough")
    _create(client, facts, "queued", work_queue_name="urgent", idempotency_key=f"{facts.name}-queued")
    _create(client, facts, "later", scheduled_time=_FAR)
    if client.knows("StartFlowRun"):
        _process_runs(client, facts)
    # Last: its runs come to the same pool.
    _tick(client, facts)
    return facts


def report(client: OlderClient, facts: Facts, name: str, *, sequence: int, state: Json) -> str:
    """Report a run's state as its holder does; the verdict."""
    result = {"data": "NDI=", "media_type": "application/json", "size_bytes": "2"}
    item = {"flow_run_id": facts.runs[name], "token": facts.tokens[name], "sequence": sequence, "state": state}
    if state["type"] == "STATE_TYPE_COMPLETED":
        item["result"] = result
    session = {} if name.startswith("process") else {"session_id": facts.session_id}
    [answered] = client.call("ReportRuns", reports=[item], **session)["reports"]
    return str(answered["verdict"])


def append(client: OlderClient, facts: Facts, name: str, *, offset: int, lines: list[str]) -> Json:
    """Append lines to a run's log; the answer."""
    records = [{"time": _NOON, "level": "LOG_LEVEL_INFO", "logger": "etl", "message": line} for line in lines]
    return client.call(
        "AppendLogs",
        flow_run_id=facts.runs[name],
        token=facts.tokens[name],
        stream=STREAM,
        offset=offset,
        records=records,
    )


def acquire(client: OlderClient, facts: Facts, *, most: int = 1) -> dict[str, int]:
    """Ask for runs as the scene's worker: tokens by run ids."""
    wish = {"session_id": facts.session_id, "request_id": str(uuid4()), "max_leases": most, "wait": "0s"}
    leases = client.call("AcquireLeases", **wish).get("leases", [])
    return {lease["flow_run_id"]: int(lease["token"]) for lease in leases}


def _deployments(client: OlderClient, facts: Facts) -> None:
    deployment = {
        "flow_name": facts.name,
        "name": "nightly",
        "work_pool_name": facts.name,
        "tags": ["a", "ü"],
        "launch_spec": {"entrypoint": "etl.py:etl", "job_variables_json": '{"env": {"A": "1"}}'},
        "parameters_json": '{"day": 1}',
        "parameter_schema_json": '{"properties": {"day": {"type": "integer"}}}',
    }
    made = client.call("CreateDeployment", deployment=deployment)["deployment"]
    facts.deployment_id = made["deployment_id"]
    spec = {"entrypoint": "etl.py:second"}
    changed = {"deployment_id": facts.deployment_id, "etag": made["etag"], "launch_spec": spec}
    client.call("UpdateDeployment", deployment=changed, update_mask="launchSpec")
    specs: list[Json] = [
        {"cron": {"expression": "30 2 * * 1-5", "time_zone": "Europe/Berlin"}},
        {"interval": {"interval": "5400s", "anchor_time": _NOON, "time_zone": "America/New_York"}},
        {"rrule": {"rule": "FREQ=MONTHLY;BYDAY=-1FR;BYHOUR=18", "time_zone": "UTC"}},
    ]
    for number, spec in enumerate(specs):
        schedule = {"deployment_id": facts.deployment_id, "name": f"s{number}", "paused": True, **spec}
        made = client.call("CreateSchedule", schedule=schedule)["schedule"]
        facts.schedule_ids.append(made["schedule_id"])


def _create(client: OlderClient, facts: Facts, name: str, **more: Json) -> None:
    # The pool's own queue is "default"; each run is created and taken before the next.
    request = {"flow_name": facts.name, "work_pool_name": facts.name, "name": name, "tags": [facts.name], **more}
    run = client.call("CreateFlowRun", request_id=str(uuid4()), parameters_json='{"day": 2}', **request)["flow_run"]
    facts.runs[name] = run["flow_run_id"]


def _held(client: OlderClient, facts: Facts, *, name: str, **more: Json) -> None:
    _create(client, facts, name, **more)
    granted = acquire(client, facts)
    facts.tokens[name] = granted[facts.runs[name]]


def _retrying(client: OlderClient, facts: Facts) -> None:
    """A run that waits for its next attempt."""
    _held(client, facts, name="retrying", retry_policy=_RETRYING)
    report(client, facts, "retrying", sequence=1, state={"type": "STATE_TYPE_RUNNING"})
    report(client, facts, "retrying", sequence=2, state={"type": "STATE_TYPE_FAILED", "failure": _FAILURE})


def _work(client: OlderClient, facts: Facts, name: str) -> None:
    """Two task runs, one of which goes on where the run does, and lines."""
    append(client, facts, name, offset=0, lines=["first", "zweite \u2603 line"])
    append(client, facts, name, offset=2, lines=["third"])
    first, second = _new_id(), _new_id()
    done = {"type": "STATE_TYPE_COMPLETED", "name": "Completed", "state_time": _NOON}
    going = {"type": "STATE_TYPE_RUNNING", "name": "Running", "state_time": _NOON}
    reports = [
        _task(first, "extract", changes=[going, done], attempt=1),
        _task(second, "load", changes=[going], attempt=2, upstream_task_run_ids=[first], tags=["slow"]),
    ]
    held = {"flow_run_id": facts.runs[name], "token": facts.tokens[name]}
    client.call("ReportTaskRuns", reports=reports, **held)
    facts.task_run_id = second


def _task(task_run_id: str, name: str, *, changes: list[Json], **more: Json) -> Json:
    numbered = [{"version": number, "state": state} for number, state in enumerate(changes, 1)]
    task_run = {
        "task_run_id": task_run_id,
        "name": name,
        "task_key": f"etl.{name}",
        "dynamic_key": "0",
        "state": changes[-1],
        "create_time": _NOON,
        "start_time": _NOON,
        "version": len(changes),
        **more,
    }
    return {"task_run": task_run, "changes": numbered}


def _process_runs(client: OlderClient, facts: Facts) -> None:
    """Runs that their own process started: one goes on, one has ended."""
    facts.holder_id = str(uuid4())
    for name in ("process", "process-ended"):
        granted = client.call(
            "StartFlowRun",
            request_id=str(uuid4()),
            flow_run_id=_new_id(),
            flow_name=facts.name,
            name=name,
            tags=[facts.name],
            holder_id=facts.holder_id,
            holder_name="laptop/boot/7/100",
            lease_ttl=_LEASE,
        )["lease"]
        facts.runs[name], facts.tokens[name] = granted["flow_run_id"], int(granted["token"])
    report(client, facts, "process-ended", sequence=1, state={"type": "STATE_TYPE_COMPLETED"})


def _tick(client: OlderClient, facts: Facts) -> None:
    """A schedule that fires, from now on."""
    ticking = {
        "deployment_id": facts.deployment_id,
        "name": "ticking",
        "interval": {"interval": "60s"},
        "catch_up_policy": "CATCH_UP_POLICY_LATEST",
    }
    facts.ticking_id = client.call("CreateSchedule", schedule=ticking)["schedule"]["schedule_id"]


def _new_id() -> str:
    return str(TimeOrderedIds().new(SystemClock().now()))
