"""A client of an earlier contract works against this server: as a user, and as a worker by the whole protocol."""

from collections.abc import Iterator
from pathlib import Path

import grpc
import pytest

from tests.support.started_server import StartedServer
from tests.upgrade.older_client import Json, OlderClient
from tests.upgrade.questions import ask_all, questions
from tests.upgrade.recordings import Recording, recorded_revisions
from tests.upgrade.scene import Facts, expected_states, make_scene, report

_RELEASED = Path(__file__).resolve().parents[2] / "proto" / "released" / "orch.v1.binpb"
_CONTRACTS = ["released", *recorded_revisions()]


@pytest.fixture(scope="module", params=_CONTRACTS)
def client(request: pytest.FixtureRequest, new_server: StartedServer) -> Iterator[OlderClient]:
    """A client of the contract on record, and of those that recorded versions served."""
    known = _RELEASED.read_bytes() if request.param == "released" else Recording(request.param, "sqlite").contract
    with grpc.insecure_channel(new_server.address) as channel:
        yield OlderClient(known, channel)


@pytest.fixture(scope="module")
def facts(client: OlderClient) -> Facts:
    """What that client has made, speaking as a user and as a worker."""
    return make_scene(client)


def test_it_works_from_the_first_call_to_the_last(client: OlderClient, facts: Facts) -> None:
    answers = ask_all(client, questions(client, facts))

    names = {run_id: name for name, run_id in facts.runs.items()}
    runs = [asked["answer"]["flow_run"] for asked in answers if asked["method"] == "GetFlowRun"]
    assert {names[run["flow_run_id"]]: run["state"]["type"] for run in runs} == expected_states(set(names.values()))
    assert _answer(answers, "ListTaskRuns", facts.runs["completed"])["task_runs"]
    assert _answer(answers, "ListLogs", facts.runs["completed"])["entries"]


def test_lists_go_by_pages(client: OlderClient, facts: Facts) -> None:
    wanted = {"filter": {"tags": [facts.name]}, "page_size": 4}
    page = client.call("ListFlowRuns", **wanted)
    found = [run["name"] for run in page["flow_runs"]]
    while page.get("next_page_token"):
        page = client.call("ListFlowRuns", page_token=page["next_page_token"], **wanted)
        found += [run["name"] for run in page.get("flow_runs", [])]

    assert sorted(found) == sorted(facts.runs)


def test_watches_go_on_to_the_end(client: OlderClient, facts: Facts) -> None:
    run_id = facts.runs["running"]
    states, lines = (client.watch(method, flow_run_id=run_id) for method in ("WatchFlowRun", "WatchLogs"))
    assert next(states)["flow_run"]["state"]["type"] == "STATE_TYPE_RUNNING"
    first = next(lines)["entries"]

    report(client, facts, "running", sequence=2, state={"type": "STATE_TYPE_COMPLETED"})

    assert [seen["flow_run"]["state"]["type"] for seen in states][-1] == "STATE_TYPE_COMPLETED"
    rest = [entry for seen in lines for entry in seen.get("entries", [])]
    assert [entry["offset"] for entry in [*first, *rest] if entry.get("offset")] == ["1", "2"]


def test_the_served_contract_has_all_of_it(client: OlderClient, new_server: StartedServer) -> None:
    """Every method of then is answered, if only by a refusal of an empty request: none is unknown."""
    unknown = []
    for method in client.methods():
        try:
            client.first(method)
        except grpc.RpcError as error:
            if error.code() in {grpc.StatusCode.UNIMPLEMENTED, grpc.StatusCode.UNKNOWN, grpc.StatusCode.INTERNAL}:
                unknown.append((method, error.code()))

    assert not unknown
    assert new_server.errors() == []


def _answer(answers: list[Json], method: str, run_id: str) -> Json:
    [found] = [
        asked["answer"] for asked in answers if asked["method"] == method and asked["request"]["flow_run_id"] == run_id
    ]
    return found
