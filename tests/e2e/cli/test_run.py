"""`orch run`: runs of deployments, and flows in files."""

import json
from datetime import UTC, datetime
from pathlib import Path
from uuid import uuid4

import pytest

from orch_client import Client
from tests.e2e.cli.stage import SCHEMA, get, new_pool
from tests.e2e.held_runs import Holder
from tests.e2e.orch_command import Orch


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
    holder = Holder(client, new_pool(), schema=SCHEMA)

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
    holder = Holder(client, new_pool(), schema=SCHEMA)

    done = orch("run", holder.key, "-p", "limit=many")

    assert (done.code, "limit" in done.errors) == (2, True)


def test_no_control_plane_says_how_to_have_one(tmp_path: Path) -> None:
    nowhere = Orch(tmp_path)("flow-run", "ls")
    away = Orch(tmp_path, "http://127.0.0.1:9")("flow-run", "ls")

    assert (nowhere.code, "orch server start" in nowhere.errors) == (4, True)
    assert (away.code, "Cannot reach the control plane at http://127.0.0.1:9" in away.errors) == (4, True)


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
