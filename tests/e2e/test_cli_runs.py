"""`orch run`, `orch flow-run`, `orch task-run` and `orch flow`, as a user types them, against a real control plane."""

import json
import re
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from itertools import count
from pathlib import Path
from uuid import uuid4

import pytest
from google.protobuf.field_mask_pb2 import FieldMask

from orch_client import Client, connect
from orch_proto.v1 import deployment_pb2
from orch_proto.v1 import flow_run_service_pb2 as flow_runs
from orch_proto.v1.deployment_service_pb2 import UpdateDeploymentRequest
from orch_proto.v1.flow_run_pb2 import FlowRun
from orch_proto.v1.state_pb2 import Failure, StateType
from tests.e2e.held_runs import HeldRun, Holder
from tests.e2e.orch_command import Orch
from tests.e2e.server_process import running_server
from tests.support.invoked_command import Said
from tests.support.started_server import started_server

_pools = count()
_SCHEMA = json.dumps(
    {
        "type": "object",
        "properties": {"zip": {"type": "string"}, "limit": {"type": "integer"}},
        "additionalProperties": False,
    }
)


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Client]:
    """A control plane."""
    with started_server(tmp_path_factory.mktemp("home")) as server, connect(server.url) as connected:
        yield connected


@pytest.fixture
def orch(client: Client, tmp_path: Path) -> Orch:
    """The command, in a folder of its own."""
    return Orch(tmp_path, client.settings.url)


@pytest.fixture
def holder(client: Client) -> Holder:
    """A pool and a deployment of this test's own."""
    return Holder(client, f"pool-{next(_pools)}")


def get(client: Client, run_id: str) -> FlowRun:
    """The run as it stands."""
    return client.flow_runs.GetFlowRun(flow_runs.GetFlowRunRequest(flow_run_id=run_id)).flow_run


def ran(orch: Orch, holder: Holder, *options: str, end: str = "COMPLETED", result: str | None = None) -> HeldRun:
    """A run that has ended."""
    assert orch("run", holder.key, *options).code == 0
    held = holder.takes()
    held.becomes("RUNNING")
    held.becomes(end, result=result)
    return held


# orch run


def test_a_run_is_created_with_what_the_command_line_says(orch: Orch, holder: Holder, client: Client) -> None:
    done = orch(
        *("run", holder.key, "-p", "zip=01234", "-p", "rows=[1, 2]", "--param", "when=2026-11-22", "--tag", "nightly"),
        *("--name", "quick-lynx", "--idempotency-key", "k1", "--job-variable", "grace_seconds=5", "-o", "id"),
    )

    run = get(client, done.out.strip())
    assert json.loads(run.parameters_json) == {"zip": "01234", "rows": [1, 2], "when": "2026-11-22"}
    assert (run.name, list(run.tags), run.idempotency_key) == ("quick-lynx", ["nightly"], "k1")
    assert json.loads(run.job_variables_json) == {"grace_seconds": 5}
    assert (run.deployment_id, run.work_pool_name) == (holder.deployment.deployment_id, holder.pool)


def test_the_schema_says_what_is_a_text(orch: Orch, client: Client) -> None:
    holder = Holder(client, f"pool-{next(_pools)}", schema=_SCHEMA)

    done = orch("run", holder.name, "-p", "zip=12345", "-p", "limit=5", "-o", "json")

    assert json.loads(done.out)["parameters"] == {"zip": "12345", "limit": 5}


@pytest.mark.parametrize(("file", "text"), [("p.json", '{"zip": "1", "limit": 1}'), ("p.yaml", "zip: '1'\nlimit: 1\n")])
def test_parameters_come_from_a_file_and_the_command_line_goes_first(
    orch: Orch, holder: Holder, file: str, text: str
) -> None:
    (orch.folder / file).write_text(text)

    done = orch("run", holder.key, "--params-file", str(orch.folder / file), "-p", "limit=2", "-o", "json")

    assert json.loads(done.out)["parameters"] == {"zip": "1", "limit": 2}


def test_parameters_come_from_standard_input(orch: Orch, holder: Holder) -> None:
    done = orch("run", holder.key, "--params-file", "-", "-o", "json", given='{"a": null}')

    assert json.loads(done.out)["parameters"] == {"a": None}


def test_an_idempotency_key_makes_one_run(orch: Orch, holder: Holder) -> None:
    first = orch("run", holder.key, "--idempotency-key", "once", "-o", "id")

    second = orch("run", holder.key, "--idempotency-key", "once", "-o", "id")

    third = orch("run", holder.key, "--idempotency-key", "once")

    assert second.out == first.out
    assert "has a run already" in second.errors
    assert third.out.startswith("Flow run "), "it was not created now"


def test_a_run_can_be_put_off(orch: Orch, holder: Holder) -> None:
    done = orch("run", holder.key, "--in", "2h", "-o", "json")

    due = datetime.fromisoformat(json.loads(done.out)["scheduled_time"])
    assert 7100 < (due - datetime.now(UTC)).total_seconds() <= 7200


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (("run", "no/such"), 3, "There is no deployment 'no/such'"),
        (("run", "etl.py:etl"), 2, "etl.py does not exist"),
        (("run", "no/such", "--at", "1h", "--in", "1h"), 2, "give one of them"),
        (("run", "no/such", "--in", "soon"), 2, "is no length of time"),
        (("flow-run", "inspect", "nobody"), 3, "There is no flow run 'nobody'"),
        (("flow-run", "inspect", str(uuid4())), 3, "There is no flow run"),
        (("flow-run", "ls", "--deployment", "no/such"), 3, "There is no deployment"),
        (("flow-run", "ls", "--flow", "nothing"), 3, "There is no flow 'nothing'"),
        (("flow-run", "ls", "--pool", "nowhere"), 3, "There is no work pool 'nowhere'"),
        (("flow-run", "ls", "--state", "Lat"), 3, "No flow run is in a state named 'Lat'"),
        (("flow-run", "ls", "--since", "then"), 2, "is no time"),
        (("flow-run", "ls", "--state", "failed", "--state", "Late"), 2, "one or the other"),
        (("flow-run", "lss"), 2, "Did you mean 'ls'?"),
        (("task-run", "inspect", str(uuid4())), 3, "There is no task run"),
        (("flow", "inspect", "nothing"), 3, "There is no flow 'nothing'"),
        (("flow-run", "delete", "nobody"), 2, "pass --yes"),
    ],
)
def test_what_is_wrong_is_said_in_words(orch: Orch, arguments: tuple[str, ...], code: int, words: str) -> None:
    done = orch(*arguments)

    assert (done.code, done.out) == (code, "")
    assert words in done.errors
    assert "Traceback" not in done.errors


def test_a_deployment_that_is_nearly_right_is_suggested(orch: Orch, holder: Holder) -> None:
    done = orch("run", holder.key[:-1])

    assert (done.code, f"Did you mean {holder.key!r}" in done.errors) == (3, True)


def test_parameters_that_do_not_fit_the_schema_are_refused(orch: Orch, client: Client) -> None:
    holder = Holder(client, f"pool-{next(_pools)}", schema=_SCHEMA)

    done = orch("run", holder.key, "-p", "limit=many")

    assert (done.code, "limit" in done.errors) == (2, True)


def test_no_control_plane_says_how_to_have_one(tmp_path: Path) -> None:
    nowhere = Orch(tmp_path)("flow-run", "ls")
    away = Orch(tmp_path, "http://127.0.0.1:9")("flow-run", "ls")

    assert (nowhere.code, "orch server start" in nowhere.errors) == (4, True)
    assert (away.code, "Cannot reach the control plane at http://127.0.0.1:9" in away.errors) == (4, True)


# orch run --watch, orch flow-run watch, wait and logs


@pytest.mark.parametrize(("end", "code"), [("COMPLETED", 0), ("FAILED", 1), ("CRASHED", 6)])
def test_watching_shows_states_and_lines_and_ends_as_the_run_does(
    orch: Orch, holder: Holder, end: str, code: int
) -> None:
    with orch.started("run", holder.key, "--watch") as watching:
        held = holder.takes()
        held.becomes("RUNNING")
        held.says("one")
        watching.said("one")
        held.says("two", "three")
        held.becomes(end, message="so it went", result="42" if end == "COMPLETED" else None)

        assert watching.ended() == code

    told = [line.split(" | ") for line in watching.out]
    assert [each[-1] for each in told if each[1].strip() == "INFO"] == ["one", "two", "three"]
    assert told[-1][-1].startswith(end.capitalize()), "the end comes after the last line"
    assert "so it went" in told[-1][-1]
    assert any(f"orch flow-run inspect {held.id}" in line for line in watching.errors)
    assert ("Result: 42" in watching.errors) == (end == "COMPLETED")


def test_a_cancelled_run_has_an_exit_code_of_its_own(orch: Orch, holder: Holder) -> None:
    with orch.started("run", holder.key, "--watch") as watching:
        watching.said("Scheduled")
        (run_id,) = orch("flow-run", "ls", "--deployment", holder.key, "-o", "id").lines
        assert orch("flow-run", "cancel", run_id, "--reason", "not today").code == 0

        assert watching.ended() == 5

    assert "not today" in watching.out[-1]


def test_ctrl_c_leaves_the_run_and_says_how_to_stop_it(orch: Orch, holder: Holder, client: Client) -> None:
    with orch.started("run", holder.key, "--watch") as watching:
        held = holder.takes()
        held.becomes("RUNNING")
        watching.said("Running")

        watching.interrupt()

        assert watching.ended() == 130
    assert f"orch flow-run cancel {held.id}" in "\n".join(watching.errors)
    assert get(client, held.id).state.type == StateType.STATE_TYPE_RUNNING


def test_a_run_that_nobody_takes_says_why(orch: Orch, client: Client) -> None:
    idle = Holder(client, f"pool-{next(_pools)}", online=False)

    with orch.started("run", idle.key, "--watch") as watching:
        watching.said(f"No worker serves the work pool {idle.pool!r}: `orch worker start --pool {idle.pool}`")


def test_a_run_that_waits_for_its_deployments_others_says_so(orch: Orch, holder: Holder, client: Client) -> None:
    limited = deployment_pb2.Deployment(deployment_id=holder.deployment.deployment_id, concurrency_limit=1)
    client.deployments.UpdateDeployment(
        UpdateDeploymentRequest(deployment=limited, update_mask=FieldMask(paths=["concurrency_limit"]))
    )
    orch("run", holder.key)
    holder.takes().becomes("RUNNING")

    with orch.started("run", holder.key, "--watch") as watching:
        watching.said("or for its deployment's other runs: at most 1 at once may run")


@pytest.mark.parametrize(("options", "words"), [(("--in", "2h"), "It may start in 1 h"), ((), "is paused")])
def test_a_run_that_cannot_begin_yet_says_why(orch: Orch, holder: Holder, options: tuple[str, ...], words: str) -> None:
    if not options:
        assert orch("work-pool", "pause", holder.pool).code == 0

    with orch.started("run", holder.key, *options, "--watch") as watching:
        watching.said(words)


def test_watching_as_json_is_an_object_a_line(orch: Orch, holder: Holder) -> None:
    held = ran(orch, holder, result='{"rows": 3}')
    held.says("late line", level="WARNING")

    done = orch("flow-run", "watch", held.id, "-o", "json")

    events = [json.loads(line) for line in done.lines]
    assert [event["kind"] for event in events] == ["log", "state", "end"]
    assert (events[0]["level"], events[0]["message"]) == ("WARNING", "late line")
    assert events[1]["state"]["type"] == "COMPLETED"
    assert events[2]["result"]["value"] == {"rows": 3}


def test_waiting_ends_with_the_worst_of_the_runs(orch: Orch, holder: Holder) -> None:
    good, bad = ran(orch, holder), ran(orch, holder, end="FAILED")

    assert orch("flow-run", "wait", good.id).code == 0
    done = orch("flow-run", "wait", good.id, bad.id, "-o", "id")
    assert (done.code, done.lines) == (1, [good.id, bad.id])


def test_waiting_gives_up_in_time(orch: Orch, holder: Holder) -> None:
    run_id = orch("run", holder.key, "-o", "id").out.strip()

    done = orch("flow-run", "wait", run_id, "--timeout", "0.2s")

    assert (done.code, "has not ended" in done.errors) == (124, True)


def test_logs_are_shown_filtered_and_followed(orch: Orch, holder: Holder) -> None:
    orch("run", holder.key)
    held = holder.takes()
    held.becomes("RUNNING")
    held.says(*(f"row {number}" for number in range(5)))
    held.says("\x1b[31mred\x1b[0m \x1b]0;title\x07alert", level="ERROR")

    def words(done: Said) -> list[str]:
        return [line.rpartition(" | ")[2] for line in done.lines]

    assert words(orch("flow-run", "logs", held.id)) == [*(f"row {number}" for number in range(5)), "red alert"]
    assert words(orch("flow-run", "logs", held.id, "--tail", "2")) == ["row 4", "red alert"]
    assert words(orch("flow-run", "logs", held.id, "--level", "error")) == ["red alert"]
    assert words(orch("flow-run", "logs", held.id, "--grep", "ROW 3")) == ["row 3"]
    with orch.started("flow-run", "logs", held.id, "-f", "--tail", "1") as following:
        following.said("red alert")
        held.says("more")
        following.said("more")
        held.becomes("COMPLETED")
        assert following.ended() == 0
    assert [line.rpartition(" | ")[2] for line in following.out] == ["red alert", "more"]


# orch flow-run ls, inspect, cancel, retry, delete


def test_lists_are_filtered(orch: Orch, holder: Holder) -> None:
    good = ran(orch, holder, "--name", "alpha-1", "--tag", "a", "--tag", "b")
    bad = ran(orch, holder, "--name", "alpha-2", "--tag", "a", end="FAILED")
    waiting = orch("run", holder.key, "--name", "beta", "-o", "id").out.strip()

    def found(*conditions: str) -> list[str]:
        return orch("flow-run", "ls", "--pool", holder.pool, *conditions, "-o", "id").lines

    assert found() == [waiting, bad.id, good.id]
    assert found("--state", "failed") == [bad.id]
    assert found("--state", "Completed", "--state", "FAILED") == [bad.id, good.id]
    assert found("--tag", "a") == [bad.id, good.id]
    assert found("--tag", "a", "--tag", "b") == [good.id]
    assert found("--name", "alpha") == [bad.id, good.id]
    assert found("--deployment", holder.name, "--limit", "1") == [waiting]
    assert found("--since", "1h") == [waiting, bad.id, good.id]
    assert found("--until", "1h") == []
    assert found("--flow", "another") == []


def test_upcoming_runs_are_listed_in_their_order(orch: Orch, holder: Holder) -> None:
    ran(orch, holder)
    later, sooner = (orch("run", holder.key, "--at", at, "-o", "id").out.strip() for at in ("2h", "1h"))

    done = orch("flow-run", "ls", "--pool", holder.pool, "--upcoming")

    assert done.lines[0].split() == ["ID", "NAME", "FLOW", "DEPLOYMENT", "STATE", "SCHEDULED"]
    assert [line.split()[0] for line in done.lines[1:]] == [sooner, later]
    refused = orch("flow-run", "ls", "--upcoming", "--state", "failed")
    assert (refused.code, "--state" in refused.errors) == (2, True)


def test_runs_are_counted(orch: Orch, holder: Holder) -> None:
    ran(orch, holder), ran(orch, holder, "--tag", "a", end="FAILED"), ran(orch, holder, end="FAILED")

    def count(*conditions: str) -> list[list[str]]:
        return [line.split() for line in orch("flow-run", "count", "--pool", holder.pool, *conditions).lines]

    assert count() == [["STATE", "RUNS"], ["completed", "1"], ["failed", "2"]]
    assert count("--tag", "a") == [["STATE", "RUNS"], ["failed", "1"]]
    counted = json.loads(
        orch("flow-run", "count", "--pool", holder.pool, "--since", "1h", "--every", "2h", "-o", "json").out
    )
    assert [bucket["counts"] for bucket in counted] == [
        [{"state_type": "COMPLETED", "count": 1}, {"state_type": "FAILED", "count": 2}]
    ]
    assert count("--since", "1h", "--every", "2h")[1][-5:] == ["3", "1", "completed,", "2", "failed"]
    refused = orch("flow-run", "count", "--every", "1h")
    assert (refused.code, "--since" in refused.errors) == (2, True)


def test_a_list_in_a_pipe_is_aligned_lines_and_says_that_there_is_more(orch: Orch, holder: Holder) -> None:
    ran(orch, holder, "--name", "a-run"), ran(orch, holder, "--name", "another-run-of-a-long-name")

    done = orch("flow-run", "ls", "--pool", holder.pool, "--limit", "1")

    head, line = done.lines
    assert head.split() == ["ID", "NAME", "FLOW", "DEPLOYMENT", "STATE", "CREATED", "TOOK"]
    assert line.split()[1:5] == ["another-run-of-a-long-name", f"flow-of-{holder.pool}", holder.name, "Completed"]
    assert (line.index("another"), "--limit" in done.errors) == (head.index("NAME"), True)


def test_a_state_that_does_not_exist_is_told(orch: Orch, holder: Holder) -> None:
    done = orch("flow-run", "ls", "--pool", holder.pool, "--state", "faild")

    assert (done.code, done.out) == (0, "")
    assert "The types are scheduled, pending" in done.errors


def test_a_run_is_known_by_the_beginning_of_its_id_and_by_its_name(orch: Orch, holder: Holder) -> None:
    held = ran(orch, holder, "--name", f"only-{holder.pool}")

    assert json.loads(orch("flow-run", "inspect", held.id[:20], "-o", "json").out)["flow_run_id"] == held.id
    assert json.loads(orch("flow-run", "inspect", f"only-{holder.pool}", "-o", "json").out)["flow_run_id"] == held.id


def test_a_name_that_several_runs_have_lists_them(orch: Orch, holder: Holder) -> None:
    name = f"twin-{holder.pool}"
    runs = [ran(orch, holder, "--name", name) for _ in range(2)]

    done = orch("flow-run", "inspect", name)

    assert done.code == 2
    assert all(run.id in done.errors for run in runs)


def test_inspecting_shows_all_of_a_run(orch: Orch, holder: Holder) -> None:
    orch("run", holder.key, "-p", "day=2026-11-22")
    held = holder.takes()
    held.becomes("RUNNING")
    trace = 'Traceback (most recent call last):\n  File "etl.py", line 3\nValueError: no such day'
    held.becomes("FAILED", failure=Failure(type="ValueError", message="no such day", stack_trace=trace))

    shown = orch("flow-run", "inspect", held.id)
    whole = json.loads(orch("flow-run", "inspect", held.id, "-o", "json").out)

    for words in ("2026-11-22", holder.name, f"{holder.pool}/default", "ValueError: no such day", 'File "etl.py"'):
        assert words in shown.out
    assert [change["state"]["type"] for change in whole["history"]] == ["SCHEDULED", "PENDING", "RUNNING", "FAILED"]
    assert whole["state"]["failure"]["type"] == "ValueError"


def test_several_runs_are_cancelled_and_those_that_cannot_be_are_told(orch: Orch, holder: Holder) -> None:
    ended = ran(orch, holder)
    waiting = orch("run", holder.key, "-o", "id").out.strip()

    done = orch("flow-run", "cancel", waiting, ended.id)

    assert done.code == 1
    assert "Cancelled" in done.out
    assert "ended already" in done.errors


def test_a_run_that_has_ended_is_retried(orch: Orch, holder: Holder, client: Client) -> None:
    held = ran(orch, holder, end="FAILED")
    held.says("the first time")

    with orch.started("flow-run", "retry", held.id, "--watch") as watching:
        again = holder.takes()
        again.becomes("RUNNING")
        again.says("the second time", offset=1)
        again.becomes("COMPLETED")
        assert watching.ended() == 0

    assert [line.rpartition(" | ")[2] for line in watching.out if "INFO" in line] == ["the second time"]

    assert (again.id, get(client, held.id).attempt) == (held.id, 2)


def test_a_run_is_begun_anew_from_a_task(orch: Orch, holder: Holder) -> None:
    orch("run", holder.key)
    held = holder.takes()
    held.becomes("RUNNING")
    first, second, third = (str(uuid4()) for _ in range(3))
    for task_id, name in ((first, "extract"), (second, "load"), (third, "report")):
        held.ran_task(task_id, name)
    held.becomes("FAILED")

    missing = orch("flow-run", "retry", held.id, "--from-task", "loat")
    assert (missing.code, "Did you mean 'load'?" in missing.errors) == (3, True)
    assert orch("flow-run", "retry", held.id, "--from-task", "load").code == 0

    listed = json.loads(orch("task-run", "ls", held.id, "-o", "json").out)
    assert {task["name"]: task["superseded"] for task in listed} == {"extract": False, "load": True, "report": True}


def test_task_runs_are_listed_and_inspected(orch: Orch, holder: Holder) -> None:
    orch("run", holder.key)
    held = holder.takes()
    held.becomes("RUNNING")
    good, bad = str(uuid4()), str(uuid4())
    held.ran_task(good, "extract")
    held.ran_task(bad, "load", state="FAILED")

    assert orch("task-run", "ls", held.id, "--state", "failed", "-o", "id").lines == [bad]
    assert json.loads(orch("task-run", "inspect", good, "-o", "json").out)["task_key"] == "etl.extract"
    assert "load" in orch("task-run", "inspect", bad).out


def test_a_run_is_deleted_once_somebody_says_yes(orch: Orch, holder: Holder) -> None:
    held = ran(orch, holder)

    refused = orch.at_terminal("flow-run", "delete", held.id, keys="n\n")
    assert (refused.code, "Nothing was done" in refused.out) == (1, True)
    assert orch("flow-run", "inspect", held.id).code == 0
    assert orch("flow-run", "delete", held.id, "--yes").code == 0
    assert orch("flow-run", "inspect", held.id).code == 3


def test_flows_are_listed_and_inspected(orch: Orch, holder: Holder) -> None:
    held = ran(orch, holder)
    flow = holder.deployment.flow_name

    assert flow in orch("flow", "ls", "-o", "id").lines
    whole = json.loads(orch("flow", "inspect", flow, "-o", "json").out)
    assert [each["name"] for each in whole["deployments"]] == [holder.name]
    assert [each["flow_run_id"] for each in whole["newest_runs"]] == [held.id]


# At a terminal


def test_a_terminal_shows_a_table_with_whole_ids_and_how_long_ago(orch: Orch, holder: Holder) -> None:
    held = ran(orch, holder, "--name", "\x1b[2Jevil")

    done = orch.at_terminal("flow-run", "ls", "--pool", holder.pool)

    assert held.id in done.out
    assert re.search(r"(now|ago) +0\.", done.out), "not the time, but how long ago"
    assert "\x1b[2J" not in done.out


def test_watching_at_a_terminal_shows_lines_and_the_end(orch: Orch, holder: Holder) -> None:
    held = ran(orch, holder)
    held.says("a line that stays")

    done = orch.at_terminal("flow-run", "watch", held.id)

    assert (done.code, "a line that stays" in done.out, "Completed" in done.out) == (0, True, True)


def test_a_terminal_counts_the_tasks_of_a_run(orch: Orch, holder: Holder) -> None:
    orch("run", holder.key)
    held = holder.takes()
    held.becomes("RUNNING")
    held.ran_task(str(uuid4()), "extract")
    held.ran_task(str(uuid4()), "load", state="FAILED")

    done = orch.at_terminal("flow-run", "watch", held.id, keys="\x03", after="tasks: 1 done, 1 failed")

    assert done.code == 130


# A flow in a file


def test_a_flow_in_a_file_runs_here(orch: Orch) -> None:
    (orch.folder / "etl.py").write_text(
        "from orch import flow\n"
        "@flow(log_prints=True)\n"
        "def etl(zip: str, limit: int = 1):\n"
        "    print('zip', zip)\n"
        "    return {'zip': zip, 'limit': limit}\n"
        "@flow\n"
        "async def broken():\n"
        "    raise ValueError('no such day')\n"
    )

    done = orch.process("run", "etl.py:etl", "-p", "zip=01234", "--tag", "by-hand", "--name", "here {1}")
    failed = orch.process("run", "etl.py:broken", "-o", "json")
    wrong = orch.process("run", "etl.py:etl", "--pool", "p")

    assert (done.code, json.loads(done.out)) == (0, {"zip": "01234", "limit": 1})
    listed = json.loads(orch("flow-run", "ls", "--flow", "etl", "--tag", "by-hand", "-o", "json").out)
    assert [run["name"] for run in listed] == ["here {1}"]
    assert (failed.code, json.loads(failed.out)["type"]) == (1, "FAILED")
    assert "no such day" in failed.errors
    assert (wrong.code, "--pool goes with a deployment" in wrong.errors) == (2, True)


def test_a_file_that_cannot_be_imported_shows_the_users_part_of_the_traceback(orch: Orch) -> None:
    (orch.folder / "etl.py").write_text("from orch import flow\nimport no_such_module\n")

    done = orch.process("run", "etl.py:etl")

    assert done.code == 2
    assert "no_such_module" in done.errors
    assert "entrypoint.py" not in done.errors


def test_a_file_with_one_flow_needs_no_name_of_it(orch: Orch) -> None:
    one = "from orch import flow\n@flow\ndef etl(): return 1\n"
    (orch.folder / "one.py").write_text(one)
    (orch.folder / "two.py").write_text(f"{one}@flow\ndef report(): return 2\n")

    done = orch.process("run", "one.py")
    several = orch.process("run", "two.py")

    assert (done.code, done.out) == (0, "1\n")
    assert (several.code, "two.py:etl, two.py:report" in several.errors) == (2, True)


# When things go away


def test_a_key_that_is_refused_says_where_to_put_the_right_one(tmp_path: Path) -> None:
    with started_server(tmp_path / "server", environment={"ORCH_API_KEY": "right"}) as server:
        wrong = Orch(tmp_path, server.url, ORCH_API_KEY="wrong")("flow-run", "ls")
        right = Orch(tmp_path, server.url, ORCH_API_KEY="right")("flow-run", "ls")

    assert (wrong.code, "ORCH_API_KEY" in wrong.errors) == (4, True)
    assert "wrong" not in wrong.errors
    assert right.code == 0


def test_a_server_on_the_same_home_is_found(tmp_path: Path) -> None:
    with started_server(tmp_path / "home"):
        assert Orch(tmp_path)("flow-run", "ls").code == 0


async def test_a_watch_outlives_the_server(tmp_path: Path) -> None:
    async with running_server(tmp_path / "server") as server:
        url = f"http://{server.address}"
        with connect(url) as client:
            holder = Holder(client, "p")
            with Orch(tmp_path, url).started("run", holder.key, "--watch") as watching:
                held = holder.takes()
                held.becomes("RUNNING")
                held.says("before")
                watching.said("before")

                await server.kill()
                await server.start()
                held.says("after")
                watching.said("after")
                held.becomes("COMPLETED")

                assert watching.ended() == 0
    assert [line.rpartition(" | ")[2] for line in watching.out if "INFO" in line] == ["before", "after"]


def test_a_reader_that_goes_away_gets_no_traceback(orch: Orch, holder: Holder) -> None:
    orch("run", holder.key)
    held = holder.takes()
    held.becomes("RUNNING")
    held.says(*("x" * 1000 for _ in range(1000)))

    done = subprocess.run(
        ["/bin/sh", "-c", f"{sys.executable} -m orch_cli.main flow-run logs {held.id} | head -n 1"],
        env=orch.environment,
        capture_output=True,
        text=True,
        check=True,
    )

    assert len(done.stdout.splitlines()) == 1
    assert done.stderr == ""


def test_ctrl_c_at_a_terminal_leaves_it_clean(orch: Orch, holder: Holder) -> None:
    orch("run", holder.key)
    held = holder.takes()
    held.becomes("RUNNING")

    done = orch.at_terminal("flow-run", "watch", held.id, keys="\x03", after="Running")

    assert done.code == 130
    assert done.out.rfind("\x1b[?25h") > done.out.rfind("\x1b[?25l"), "the cursor is shown again"
    assert f"orch flow-run cancel {held.id}" in done.out
