"""`orch worker`: who serves pools, and what they hold."""

from orch_client import Client
from orch_proto.v1 import worker_service_pb2 as workers
from tests.e2e.held_runs import Holder
from tests.e2e.orch_command import Orch


def test_a_worker_is_listed_with_what_it_holds(orch: Orch, client: Client, pool: str) -> None:
    holder = Holder(client, pool)
    name = f"worker-of-{pool}"
    opening = workers.OpenSessionRequest(
        worker_name=name, work_pool_name=pool, slots=3, labels={"zone": "a", "gpu": "no"}, version="1.2"
    )
    session = client.workers.OpenSession(opening).session_id
    holder.session_id = session
    orch("run", holder.key)
    held = holder.takes()

    listed = orch("worker", "ls", "--pool", pool).lines
    shown = orch("worker", "inspect", name)

    (row,) = [line.split() for line in listed if line.startswith(name)]
    assert row[:7] == [name, pool, "online", "1/3", "all", "gpu=no", "zone=a"]
    assert row[7:] == ["1.2", row[8], session]
    assert [line.split()[0] for line in listed] == ["NAME", name, "by-hand"]
    assert held.id in shown.out
    assert "the worker" in shown.out
    whole = orch("worker", "inspect", session, "-o", "json").document
    assert (whole["worker"]["labels"], [each["flow_run_id"] for each in whole["leases"]]) == (
        {"gpu": "no", "zone": "a"},
        [held.id],
    )


def test_workers_of_a_pool_that_is_not_there_are_not_found(orch: Orch) -> None:
    done = orch("worker", "ls", "--pool", "nope")

    assert (done.code, "There is no work pool 'nope'" in done.errors) == (3, True)


def test_a_drained_worker_is_granted_nothing_more(orch: Orch, client: Client, pool: str) -> None:
    Holder(client, pool)
    (row,) = orch("worker", "ls", "--pool", pool, "-o", "json").document

    done = orch("worker", "drain", row["session_id"])

    assert done.out == "The worker by-hand is draining: it takes no more runs.\n"
    assert orch("worker", "inspect", row["session_id"], "-o", "json").document["worker"]["status"] == "DRAINING"


def test_workers_that_are_gone_are_listed_on_request(orch: Orch, client: Client, pool: str) -> None:
    holder = Holder(client, pool)
    client.workers.CloseSession(workers.CloseSessionRequest(session_id=holder.session_id))

    gone = orch("worker", "ls", "--pool", pool)

    assert (gone.out, f"`orch worker start --pool {pool}` starts one" in gone.errors) == ("", True)
    (row,) = orch("worker", "ls", "--pool", pool, "--all", "-o", "json").document
    assert row["status"] == "CLOSED"


def test_workers_of_one_name_are_told_apart_by_their_sessions(orch: Orch, client: Client, pool: str) -> None:
    Holder(client, pool)
    Holder(client, f"{pool}-b")

    done = orch("worker", "inspect", "by-hand")

    assert done.code == 2
    assert f"by-hand (pool {pool})" in done.errors
    assert orch("worker", "drain", "nobody").code == 3


def test_of_a_worker_that_was_restarted_the_newer_session_is_meant(orch: Orch, client: Client, pool: str) -> None:
    orch("work-pool", "create", pool)
    name = f"worker-of-{pool}"
    opening = workers.OpenSessionRequest(worker_name=name, work_pool_name=pool)
    older, newer = (client.workers.OpenSession(opening).session_id for _ in range(2))
    client.workers.CloseSession(workers.CloseSessionRequest(session_id=older))

    assert orch("worker", "inspect", name, "-o", "json").document["worker"]["session_id"] == newer
    assert orch("worker", "inspect", older[:-4], "-o", "json").document["worker"]["session_id"] == older
    client.workers.CloseSession(workers.CloseSessionRequest(session_id=newer))
    assert orch("worker", "inspect", name, "-o", "json").document["worker"]["status"] == "CLOSED"


def test_leases_say_who_holds_what(orch: Orch, client: Client, pool: str) -> None:
    holder = Holder(client, pool)
    orch("run", holder.key)
    held = holder.takes()

    (row,) = orch("lease", "ls", "--pool", pool).lines[1:]
    (of_run,) = orch("lease", "ls", "--flow-run", held.id, "-o", "json").document

    assert row.split()[:5] == [held.id, "1", "by-hand", pool, "starting"]
    assert (of_run["flow_run_id"], of_run["worker_name"]) == (held.id, "by-hand")
    assert "There is no work pool 'nope'" in orch("lease", "ls", "--pool", "nope").errors
