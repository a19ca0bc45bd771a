"""Data written by an earlier version is migrated, read, and gone on with; by clients of that version's contract."""

from uuid import uuid4

import pytest

from orch_server.storage.migrations import REVISIONS
from tests.upgrade.conftest import Upgraded
from tests.upgrade.older_client import Json
from tests.upgrade.questions import missing
from tests.upgrade.recordings import KINDS, Recording, recorded_revisions
from tests.upgrade.scene import ACCEPTED, HELD, STREAM, acquire, append, expected_states, report

NEVER_WRITTEN = {"0004"}
"""Revisions that no committed version ended with: 0004 and 0005 came in one commit."""


def test_every_revision_that_was_ever_written_is_on_record() -> None:
    """The newest may still change; `make record-schema` records it when it is released."""
    assert set(recorded_revisions()) | NEVER_WRITTEN >= set(REVISIONS[:-1])
    for revision in recorded_revisions():
        assert all(Recording(revision, kind).script for kind in KINDS)


def test_what_was_said_before_is_still_said(upgraded: Upgraded) -> None:
    differences = [
        difference
        for before, after in zip(upgraded.recording.answers, upgraded.answers, strict=True)
        for difference in missing(before["answer"], after["answer"], f"{before['method']} {before['request']}")
    ]

    assert not differences, "\n".join(differences)


def test_runs_of_every_state_are_there(upgraded: Upgraded) -> None:
    """So that the test above is known to look at all of them."""
    names = {run_id: name for name, run_id in upgraded.recording.facts.runs.items()}
    runs = [asked["answer"]["flow_run"] for asked in upgraded.answers if asked["method"] == "GetFlowRun"]

    found = {names[run["flow_run_id"]]: run["state"]["type"] for run in runs}

    assert found == expected_states(set(names.values()))


def test_a_worker_goes_on_with_the_leases_that_it_held(upgraded: Upgraded) -> None:
    """Its leases ended long ago by the clock; but while no server was there, nobody could renew them."""
    facts, client = upgraded.recording.facts, upgraded.client
    phases = {"pending": "LEASE_PHASE_STARTING"}
    held = [
        {
            "flow_run_id": facts.runs[name],
            "token": facts.tokens[name],
            "phase": phases.get(name, "LEASE_PHASE_RUNNING"),
        }
        for name in HELD
    ]

    synced = client.call("SyncLeases", session_id=facts.session_id, held=held)["leases"]

    verdicts = {each["flow_run_id"]: each["verdict"] for each in synced}
    assert {name: verdicts[facts.runs[name]] for name in HELD} == {
        **dict.fromkeys(HELD, "LEASE_VERDICT_OK"),
        "cancelling": "LEASE_VERDICT_CANCEL",
    }
    written = append(client, facts, "running", offset=3, lines=["after the upgrade"])
    assert (written["verdict"], written["committed_offset"]) == ("REPORT_VERDICT_ACCEPTED", "4")
    assert report(client, facts, "running", sequence=2, state={"type": "STATE_TYPE_COMPLETED"}) == ACCEPTED
    assert report(client, facts, "paused", sequence=3, state={"type": "STATE_TYPE_RUNNING"}) == ACCEPTED
    assert report(client, facts, "pending", sequence=1, state={"type": "STATE_TYPE_RUNNING"}) == ACCEPTED
    assert report(client, facts, "cancelling", sequence=2, state={"type": "STATE_TYPE_CANCELLED"}) == ACCEPTED
    assert _state(upgraded, "running") == "STATE_TYPE_COMPLETED"
    assert _state(upgraded, "cancelling") == "STATE_TYPE_CANCELLED"
    assert _lines(upgraded, "running") == ["first", "zweite \u2603 line", "third", "after the upgrade"]
    assert report(client, facts, "running", sequence=2, state={"type": "STATE_TYPE_COMPLETED"}) in {
        "REPORT_VERDICT_DUPLICATE",
        "REPORT_VERDICT_LOST",
    }


def test_a_process_goes_on_with_the_run_that_it_started(upgraded: Upgraded) -> None:
    facts, client = upgraded.recording.facts, upgraded.client
    if not client.knows("StartFlowRun"):
        pytest.skip("That version knew no such runs.")
    held = {"flow_run_id": facts.runs["process"], "token": facts.tokens["process"], "phase": "LEASE_PHASE_RUNNING"}

    [synced] = client.call("SyncLeases", held=[held])["leases"]

    assert synced["verdict"] == "LEASE_VERDICT_OK"
    assert report(client, facts, "process", sequence=1, state={"type": "STATE_TYPE_COMPLETED"}) == ACCEPTED
    assert _state(upgraded, "process") == "STATE_TYPE_COMPLETED"


def test_what_waited_is_granted_and_tokens_go_on_rising(upgraded: Upgraded) -> None:
    facts, client = upgraded.recording.facts, upgraded.client
    # A worker looks at its leases first where one is to be cancelled.
    cancelled = {"flow_run_id": facts.runs["cancelling"], "token": facts.tokens["cancelling"]}
    client.call("SyncLeases", session_id=facts.session_id, held=[cancelled])

    granted = acquire(client, facts, most=20)

    assert granted[facts.runs["queued"]] == 1
    assert granted[facts.runs["retrying"]] == facts.tokens["retrying"] + 1


def test_an_idempotency_key_of_then_finds_its_run(upgraded: Upgraded) -> None:
    facts, client = upgraded.recording.facts, upgraded.client
    key = f"{facts.name}-queued"

    answer = client.call("CreateFlowRun", flow_name=facts.name, work_pool_name=facts.name, idempotency_key=key)

    assert not answer.get("created", False)
    assert answer["flow_run"]["flow_run_id"] == facts.runs["queued"]


@pytest.mark.parametrize("name", ["failed", "crashed", "cancelled", "completed"])
def test_a_run_that_has_ended_can_be_run_again(upgraded: Upgraded, name: str) -> None:
    facts, client = upgraded.recording.facts, upgraded.client

    again = client.call("RetryFlowRun", request_id=str(uuid4()), flow_run_id=facts.runs[name])["flow_run"]

    assert again["state"]["type"] == "STATE_TYPE_SCHEDULED"
    assert _state(upgraded, name) == "STATE_TYPE_SCHEDULED"


def test_a_deployment_goes_on_counting_its_versions(upgraded: Upgraded) -> None:
    facts, client = upgraded.recording.facts, upgraded.client
    deployment = client.call("GetDeployment", deployment_id=facts.deployment_id)["deployment"]
    spec = {"entrypoint": "etl.py:third"}
    changed = {"deployment_id": facts.deployment_id, "etag": deployment["etag"], "launch_spec": spec}

    updated = client.call("UpdateDeployment", deployment=changed, update_mask="launchSpec")["deployment"]

    versions = client.call("ListDeploymentVersions", deployment_id=facts.deployment_id)["versions"]
    assert updated["version"] == "3"
    assert {each["version"]: each["launch_spec"]["entrypoint"] for each in versions} == {
        "1": "etl.py:etl",
        "2": "etl.py:second",
        "3": "etl.py:third",
    }
    run = client.call("CreateFlowRun", deployment_id=facts.deployment_id)["flow_run"]
    assert (run["deployment_version"], run["parameters_json"]) == ("3", '{"day": 1}')


def test_a_schedule_makes_up_for_the_time_in_between(upgraded: Upgraded) -> None:
    facts, client = upgraded.recording.facts, upgraded.client
    wanted = {"schedule_id": facts.ticking_id}

    schedule = client.call("GetSchedule", schedule_id=facts.ticking_id)["schedule"]

    assert not schedule.get("paused", False)
    assert client.call("PreviewSchedule", schedule=schedule, count=2)["nominal_times"]
    run = _awaited(upgraded, wanted)
    assert run["schedule_id"] == facts.ticking_id
    assert run["deployment_id"] == facts.deployment_id


def test_a_watch_begins_where_it_was_left(upgraded: Upgraded) -> None:
    facts, client = upgraded.recording.facts, upgraded.client
    run_id = facts.runs["later"]
    known = client.call("GetFlowRun", flow_run_id=run_id)["flow_run"]["version"]

    watch = client.watch("WatchFlowRun", flow_run_id=run_id, after_version=int(known) - 1)
    first = next(watch)["flow_run"]
    client.call("CancelFlowRun", flow_run_id=run_id, reason="not needed")
    last = list(watch)[-1]["flow_run"]

    assert first["version"] == known
    assert last["state"]["type"] == "STATE_TYPE_CANCELLED"


def _state(upgraded: Upgraded, name: str) -> str:
    run_id = upgraded.recording.facts.runs[name]
    return str(upgraded.client.call("GetFlowRun", flow_run_id=run_id)["flow_run"]["state"]["type"])


def _lines(upgraded: Upgraded, name: str) -> list[str]:
    run_id = upgraded.recording.facts.runs[name]
    listed = upgraded.client.call("ListLogs", flow_run_id=run_id, filter={"stream": STREAM})
    return [entry["record"]["message"] for entry in listed["entries"]]


def _awaited(upgraded: Upgraded, wanted: Json) -> Json:
    """The newest run that a filter finds, as soon as there is one."""
    while not (found := upgraded.client.call("ListFlowRuns", filter=wanted).get("flow_runs", [])):
        pass
    return found[0]
