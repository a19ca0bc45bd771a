"""However a container ends, its run says so in words, within seconds, and no container is left."""

import asyncio
from pathlib import Path

import pytest

from orch_proto.v1.state_pb2 import (
    STATE_TYPE_CANCELLED,
    STATE_TYPE_COMPLETED,
    STATE_TYPE_CRASHED,
    STATE_TYPE_FAILED,
)
from tests.e2e.docker.pool import DockerPool, flow_in, shell

WAITS = "trap 'echo asked; exit 0' TERM; echo ready; while :; do sleep 0.2; done"
DEAF = "trap '' TERM; echo ready; while :; do sleep 0.2; done"


async def test_an_exit_code_fails_it(served_pool: DockerPool) -> None:
    run_id = await served_pool.run(shell("echo before; exit 3"))

    run = await served_pool.ended(run_id, STATE_TYPE_FAILED)

    assert run.state.message == "It ended with exit code 3."
    assert run.state.failure.type == "ExitCode3"


async def test_memory_beyond_the_limit(served_pool: DockerPool) -> None:
    run_id = await served_pool.run(
        shell("python3 -c 'bytearray(200 * 2**20)'"), job_variables={"mem_limit": "50m", "memswap_limit": "50m"}
    )

    run = await served_pool.ended(run_id, STATE_TYPE_CRASHED)

    assert run.state.message.startswith(
        "It was killed (SIGKILL) because it had used all the memory that it may have: 50 MiB (mem_limit)."
    )


@pytest.mark.parametrize(
    ("command", "message"),
    [
        (("kill",), "Its container was ended with SIGKILL through the engine: by somebody (docker stop, docker kill)"),
        (("kill", "--signal", "HUP"), "Its container was ended with SIGHUP through the engine"),
        (("rm", "--force"), "Its container was removed while it ran: somebody, or something, did that on the engine"),
    ],
    ids=["kill", "kill-hup", "rm"],
)
async def test_ended_by_hand(served_pool: DockerPool, command: tuple[str, ...], message: str) -> None:
    run_id = await served_pool.run(shell("echo ready; sleep 100"))
    await served_pool.printed(run_id, "ready")

    await served_pool.docker(*command, await served_pool.container_of(run_id))

    run = await served_pool.ended(run_id, STATE_TYPE_CRASHED)
    assert run.state.message.startswith(message)


@pytest.mark.parametrize(
    ("variables", "message"),
    [
        ({"image": "no-such-image:1"}, "The image no-such-image:1 cannot be pulled"),
        (
            {"image": "no-such-image:1", "image_pull_policy": "Never"},
            "The Docker engine does not have the image no-such-image:1, and image_pull_policy is Never.",
        ),
        ({"network_mode": None, "networks": ["no-such-net"]}, "The Docker engine has no network no-such-net."),
        ({"user": "nobody-known"}, "has no user or group nobody-known."),
        ({"memlimit": "1g"}, "The job variable memlimit is not known to docker pools. Did you mean mem_limit?"),
        ({"mem_limit": "much"}, "The job variable mem_limit is 'much'; it must be a number of bytes"),
    ],
    ids=["image", "image-never", "network", "user", "unknown", "size"],
)
async def test_not_launched(served_pool: DockerPool, variables: dict[str, object], message: str) -> None:
    run_id = await served_pool.run(shell("echo never"), job_variables=variables)

    run = await served_pool.ended(run_id, STATE_TYPE_FAILED)

    assert message in run.state.message
    assert run.state.failure.type == "LaunchError"
    assert await served_pool.lines(run_id, "output") == []


async def test_cancelled_it_ends_as_it_likes(served_pool: DockerPool) -> None:
    run_id = await served_pool.run(shell(WAITS))
    await served_pool.printed(run_id, "ready")

    await served_pool.cancel(run_id, reason="enough")

    await served_pool.ended(run_id, STATE_TYPE_CANCELLED)
    await served_pool.said(run_id, "output", ["ready", "asked"])


async def test_a_flow_hears_of_its_cancel_by_itself(served_pool: DockerPool, tmp_path: Path) -> None:
    (tmp_path / "waiting.py").write_text(
        "import time\nfrom orch import flow\n\n@flow\ndef wait() -> None:\n    print('ready')\n    time.sleep(100)\n"
    )
    run_id = await served_pool.run(flow_in(tmp_path, "waiting.py:wait"), job_variables={"user": "0"})
    await served_pool.printed(run_id, "ready")

    await served_pool.cancel(run_id)

    await served_pool.ended(run_id, STATE_TYPE_CANCELLED)


async def test_cancelled_without_hearing_it_is_killed(served_pool: DockerPool) -> None:
    run_id = await served_pool.run(shell(DEAF), job_variables={"grace_seconds": 0.5})
    await served_pool.printed(run_id, "ready")

    await served_pool.cancel(run_id)

    await served_pool.ended(run_id, STATE_TYPE_CANCELLED)


async def test_cancelled_while_its_image_is_pulled(served_pool: DockerPool) -> None:
    asked, ended = asyncio.Event(), asyncio.Event()

    async def answer_late(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        asked.set()
        await ended.wait()
        writer.close()

    async with await asyncio.start_server(answer_late, "127.0.0.1", 0) as registry:
        host, port = registry.sockets[0].getsockname()
        run_id = await served_pool.run(shell("echo never"), job_variables={"image": f"{host}:{port}/etl:1"})
        await asked.wait()

        await served_pool.cancel(run_id)

        await served_pool.ended(run_id, STATE_TYPE_CANCELLED)
        ended.set()


async def test_a_container_may_be_kept(served_pool: DockerPool) -> None:
    run_id = await served_pool.run(shell("echo kept"), job_variables={"auto_remove": False})
    await served_pool.seen(run_id, STATE_TYPE_COMPLETED)

    await served_pool.until(lambda: "kept-" in served_pool.engine.call("ps", "-a", "--format", "{{.Names}}"))

    container = await served_pool.container_of(run_id)
    assert await served_pool.docker("logs", container) == "kept"
