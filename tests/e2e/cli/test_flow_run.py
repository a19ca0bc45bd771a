"""`orch flow-run`, `orch task-run` and `orch flow`: lists, one of them, and what is done to them."""

import json
import re
import subprocess
import sys
from pathlib import Path
from uuid import uuid4

from orch_client import Client
from orch_proto.v1.state_pb2 import Failure
from tests.e2e.cli.stage import get, ran
from tests.e2e.held_runs import Holder
from tests.e2e.orch_command import Orch
from tests.support.started_server import started_server


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


def test_tags_are_added_and_taken_away(orch: Orch, client: Client, holder: Holder) -> None:
    one, other = ran(orch, holder, "--tag", "a", "--tag", "b"), ran(orch, holder)

    done = orch("flow-run", "tag", one.id, other.id, "--add", "c", "--add", "a", "--remove", "b")

    assert [line.partition("): ")[2] for line in done.lines] == ["the tags a, c"] * 2
    assert [list(get(client, each.id).tags) for each in (one, other)] == [["a", "c"]] * 2
    assert orch("flow-run", "tag", other.id, "--remove", "c", "--remove", "a").out.endswith(f"({other.id}): no tags\n")
    for wrong, words in (((), "--add TAG"), (("--add", "x", "--remove", "x"), "the same: x")):
        refused = orch("flow-run", "tag", one.id, *wrong)
        assert (refused.code, words in refused.errors) == (2, True), refused.errors


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

    assert (done.code, done.out) == (3, "")
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

    refused = orch.at_terminal("flow-run", "delete", held.id, keys="n\n", after="for good?")
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


def test_a_terminal_shows_a_table_with_whole_ids_and_how_long_ago(orch: Orch, holder: Holder) -> None:
    held = ran(orch, holder, "--name", "\x1b[2Jevil")

    done = orch.at_terminal("flow-run", "ls", "--pool", holder.pool)

    assert held.id in done.out
    assert re.search(r"(now|ago) +0\.", done.out), "not the time, but how long ago"
    assert "\x1b[2J" not in done.out


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
