"""`orch work-pool` and `orch work-queue`."""

from pathlib import Path

import pytest

from orch_client import Client
from tests.e2e.held_runs import Holder
from tests.e2e.orch_command import Orch
from tests.support.invoked_command import InvokedOrch, offered


def test_a_pool_is_created_as_the_options_say(orch: Orch, pool: str, tmp_path: Path) -> None:
    template = tmp_path / "template.json"
    template.write_text('{"variables": {"isolation": "fresh", "a": 1}, "image": "x"}')

    done = orch(
        *("work-pool", "create", pool, "--type", "docker", "--description", "for demos", "--concurrency-limit", "3"),
        *("--lease-ttl", "1m", "--job-template", str(template), "--variable", "a=null", "--variable", "b=[1]"),
        *("--variable", "c=word", "--paused", "-o", "json"),
    )

    made = done.document
    assert (made["name"], made["type"], made["description"], made["paused"]) == (pool, "docker", "for demos", True)
    assert (made["concurrency_limit"], made["lease_ttl_seconds"]) == (3, 60)
    assert made["job_template"] == {"variables": {"isolation": "fresh", "b": [1], "c": "word"}, "image": "x"}
    assert orch("work-pool", "inspect", pool, "-o", "json").document["etag"] == made["etag"]


def test_creating_twice_is_refused_unless_it_is_meant(orch: Orch, pool: str) -> None:
    assert f"`orch worker start --pool {pool}`" in orch("work-pool", "create", pool).out

    again = orch("work-pool", "create", pool)
    meant = orch("work-pool", "create", pool, "--if-missing", "--type", "docker")

    assert (again.code, f"There is a work pool '{pool}' already." in again.errors) == (1, True)
    assert (meant.code, meant.out) == (0, f"There is a work pool {pool} already.\n")
    assert orch("work-pool", "inspect", pool, "-o", "json").document["type"] == "process"


def test_only_what_is_named_changes(orch: Orch, pool: str) -> None:
    orch("work-pool", "create", pool, "--concurrency-limit", "3", "--description", "old", "--variable", "a=1")

    done = orch("work-pool", "update", pool, "--concurrency-limit", "none", "--variable", "b=2")

    assert done.out == f"Changed concurrency limit, job template of the work pool {pool}.\n"
    found = orch("work-pool", "inspect", pool, "-o", "json").document
    assert (found["concurrency_limit"], found["description"]) == (None, "old")
    assert found["job_template"] == {"variables": {"a": 1, "b": 2}}


def test_a_pool_is_paused_and_resumed(orch: Orch, pool: str) -> None:
    orch("work-pool", "create", pool)

    assert orch("work-pool", "pause", pool).out == f"Paused the work pool {pool}: it starts no more runs.\n"
    assert orch("work-pool", "inspect", pool, "-o", "json").document["state"] == "paused"
    assert orch("work-pool", "resume", pool, "-o", "id").out == f"{pool}\n"
    assert orch("work-pool", "inspect", pool, "-o", "json").document["state"] == "no worker"


def test_the_list_says_who_serves_a_pool(orch: Orch, client: Client, pool: str) -> None:
    holder = Holder(client, pool)
    orch("run", holder.key)
    holder.takes().becomes("RUNNING")

    (row,) = [line.split() for line in orch("work-pool", "ls").lines if line.startswith(f"{pool} ")]

    assert row == [pool, "process", "ready", "1", "1"]
    (found,) = [each for each in orch("work-pool", "ls", "-o", "json").document if each["name"] == pool]
    assert (found["state"], found["workers"], found["held_leases"]) == ("ready", 1, 1)


def test_a_pool_that_is_used_is_kept(orch: Orch, client: Client, pool: str) -> None:
    holder = Holder(client, pool, online=False)

    refused = orch("work-pool", "delete", pool, "-y")

    assert (refused.code, holder.name in refused.errors) == (1, True)
    assert orch("deployment", "delete", holder.key, "-y").code == 0
    assert orch("work-pool", "delete", pool, "-y").out == f"Deleted the work pool {pool}.\n"
    assert orch("work-pool", "inspect", pool).code == 3


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (("inspect", "defualt"), 3, "Did you mean 'default'?"),
        (("update", "default"), 2, "What shall change?"),
        (("update", "default", "--concurrency-limit", "-1"), 2, "'-1' is no limit"),
        (("update", "default", "--concurrency-limit", "0"), 2, "'0' is no limit"),
        (("update", "default", "--lease-ttl", "2h"), 2, "work_pool.lease_ttl: 7200 s is not between 1 s and 1 h"),
        (("update", "default", "--lease-ttl", "soon"), 2, "'soon' is no length of time"),
        (("update", "default", "--job-template", "/nowhere"), 2, "Cannot read the job template in /nowhere"),
        (("update", "default", "--variable", "a"), 2, "write NAME=VALUE"),
        (("delete", "default"), 2, "There is nobody to ask: pass --yes"),
        (("create", ""), 2, "work_pool.name"),
    ],
)
def test_what_cannot_be_is_refused_in_words(orch: Orch, arguments: tuple[str, ...], code: int, words: str) -> None:
    done = orch("work-pool", *arguments)

    assert (done.code, words in done.errors) == (code, True), done.errors


@pytest.mark.parametrize("text", ["{", "[1]", '"x"'])
def test_a_template_that_is_none_is_refused(orch: Orch, pool: str, text: str) -> None:
    done = orch("work-pool", "create", pool, "--job-template", "-", given=text)

    assert done.code == 2
    assert "The job template in - is " in done.errors
    assert orch("work-pool", "inspect", pool).code == 3


def test_a_queue_lives(orch: Orch, pool: str) -> None:
    orch("work-pool", "create", pool)

    made = orch("work-queue", "create", f"{pool}/fast", "--priority", "1", "--concurrency-limit", "2", "-o", "json")
    paused = orch("work-queue", "pause", "fast", "--pool", pool)
    changed = orch("work-queue", "update", f"{pool}/fast", "--concurrency-limit", "none", "--description", "urgent")

    assert (made.document["priority"], made.document["concurrency_limit"]) == (1, 2)
    assert paused.out == f"Paused the work queue {pool}/fast: it starts no more runs.\n"
    assert changed.out == f"Changed concurrency limit, description of the work queue {pool}/fast.\n"
    assert orch("work-queue", "ls", "--pool", pool).lines == [
        "QUEUE" + " " * (len(pool) + 5) + "PRIORITY  STATE   LIMIT  DESCRIPTION",
        f"{pool}/default       100  ready",
        f"{pool}/fast            1  paused         urgent",
    ]
    assert orch("work-queue", "resume", f"{pool}/fast").code == 0
    assert orch("work-queue", "inspect", f"{pool}/fast", "-o", "json").document["paused"] is False
    assert orch("work-queue", "delete", f"{pool}/fast", "-y").out == f"Deleted the work queue {pool}/fast.\n"
    assert orch("work-queue", "ls", "--pool", pool, "-o", "id").lines == [f"{pool}/default"]


def test_a_name_with_slashes_is_found(orch: Orch, pool: str) -> None:
    orch("work-pool", "create", pool)
    orch("work-queue", "create", f"{pool}/etl/nightly")

    assert orch("work-queue", "inspect", f"{pool}/etl/nightly", "-o", "json").document["name"] == "etl/nightly"
    assert orch("work-queue", "inspect", "etl/nightly", "--pool", pool).code == 0


def test_a_name_that_several_have_is_asked_about(orch: Orch, pool: str) -> None:
    orch("work-pool", "create", pool)

    done = orch("work-queue", "pause", "default")

    assert done.code == 2
    assert f"{pool}/default" in done.errors


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (("create", "fast"), 2, "In which pool? Write POOL/fast"),
        (("create", "nope/fast"), 3, "There is no work pool 'nope'"),
        (("create", "default/default"), 1, "already"),
        (("create", "default/x", "--priority", "0"), 2, "1<=x<=1000"),
        (("inspect", "nope"), 3, "There is no work queue 'nope'."),
        (("inspect", "x", "--pool", "default"), 3, "no work queue"),
        (("ls", "--pool", "nope"), 3, "There is no work pool 'nope'"),
        (("update", "default/default"), 2, "What shall change?"),
        (("delete", "default/default", "-y"), 1, "it goes with its pool"),
    ],
)
def test_what_cannot_be_of_a_queue_is_refused(orch: Orch, arguments: tuple[str, ...], code: int, words: str) -> None:
    done = orch("work-queue", *arguments)

    assert (done.code, words in done.errors) == (code, True), done.errors


def test_there_is_nothing_without_a_control_plane(tmp_path: Path) -> None:
    unknown, away = InvokedOrch(tmp_path), InvokedOrch(tmp_path, "http://127.0.0.1:9")

    for command in (
        ("work-pool", "ls"),
        ("work-queue", "ls"),
        ("worker", "ls"),
        ("deployment", "ls"),
        ("schedule", "ls"),
    ):
        assert (unknown(*command).code, away(*command).code) == (4, 4), command
    assert "orch server start" in unknown("worker", "ls").errors
    assert "Cannot reach the control plane at http://127.0.0.1:9" in away("worker", "ls").errors


def test_names_are_completed(client: Client, pool: str) -> None:
    holder = Holder(client, pool)
    url = client.settings.url

    assert offered(f"orch work-pool inspect {pool}", Path("/nowhere"), ORCH_API_URL=url) == [pool]
    assert offered(f"orch work-queue pause {pool}/", Path("/nowhere"), ORCH_API_URL=url) == [f"{pool}/default"]
    assert offered(f"orch deployment pause {holder.key[:-2]}", Path("/nowhere"), ORCH_API_URL=url) == [holder.key]


@pytest.mark.parametrize(
    ("keys", "code", "words"), [("y\n", 0, "Deleted"), ("n\n", 1, "Nothing was done."), ("\x03", 130, "")]
)
def test_somebody_at_a_terminal_is_asked_before_anything_is_deleted(
    orch: Orch, client: Client, tmp_path: Path, pool: str, keys: str, code: int, words: str
) -> None:
    orch("work-pool", "create", pool)

    done = Orch(tmp_path, client.settings.url).at_terminal("work-pool", "delete", pool, keys=keys, after="queues?")

    assert f"Delete the work pool {pool} and its queues? [y/N]" in done.out
    assert (done.code, words in done.out) == (code, True), done.out
    assert orch("work-pool", "inspect", pool).code == (3 if code == 0 else 0)
