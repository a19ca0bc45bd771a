"""`orch run --watch`, `orch flow-run watch`, `wait` and `logs`: in pipes, at terminals, over a restart."""

import json
from pathlib import Path
from uuid import uuid4

import pytest
from google.protobuf.field_mask_pb2 import FieldMask

from orch_client import Client, connect
from orch_proto.v1 import deployment_pb2
from orch_proto.v1.deployment_service_pb2 import UpdateDeploymentRequest
from orch_proto.v1.state_pb2 import StateType
from tests.e2e.cli.stage import get, new_pool, ran
from tests.e2e.held_runs import Holder
from tests.e2e.orch_command import Orch
from tests.e2e.server_process import running_server
from tests.support.invoked_command import Said


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
    idle = Holder(client, new_pool(), online=False)

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


def test_ctrl_c_at_a_terminal_leaves_it_clean(orch: Orch, holder: Holder) -> None:
    orch("run", holder.key)
    held = holder.takes()
    held.becomes("RUNNING")

    done = orch.at_terminal("flow-run", "watch", held.id, keys="\x03", after="Running")

    assert done.code == 130
    assert done.out.rfind("\x1b[?25h") > done.out.rfind("\x1b[?25l"), "the cursor is shown again"
    assert f"orch flow-run cancel {held.id}" in done.out
