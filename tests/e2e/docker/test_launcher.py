"""What is particular to the Docker launcher, on a real engine: strays, names, lines, what is kept or cancelled."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from uuid import uuid4

import pytest

from orch_proto.v1.flow_run_pb2 import FlowRun
from orch_proto.v1.launch_pb2 import LaunchSpec
from orch_worker.launchers.base import Attempt, AttemptKey, Job, LauncherSettings, Outcome
from orch_worker.launchers.docker.engine import Engine as Client
from orch_worker.launchers.docker.launcher import DockerLauncher
from orch_worker.launchers.docker.starting import Starting
from tests.support.docker_engine import Engine


@pytest.fixture
def settings(docker_engine: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> LauncherSettings:
    monkeypatch.setenv("DOCKER_HOST", docker_engine.host)
    return LauncherSettings(tmp_path, "pool", "ann", control_plane_id=str(uuid4()))


@pytest.fixture
def containers(docker_engine: Engine, settings: LauncherSettings) -> Iterator[Callable[[], list[str]]]:
    """Asks for the test's containers; they go with it."""

    def found() -> list[str]:
        return docker_engine.containers(f"label=orch.control-plane={settings.control_plane_id}")

    yield found
    docker_engine.remove(*found())


@asynccontextmanager
async def opened(settings: LauncherSettings) -> AsyncIterator[DockerLauncher]:
    launcher = DockerLauncher(settings)
    await launcher.open()
    try:
        yield launcher
    finally:
        await launcher.close()


@pytest.fixture
def shell(docker_image: str) -> Callable[..., Job]:
    """Makes jobs that run a script."""

    def make(script: str, **variables: object) -> Job:
        key = AttemptKey(str(uuid4()), 1)
        given = {"image": docker_image, "network_mode": "none", **variables}
        return Job(
            key, FlowRun(flow_run_id=key.flow_run_id), LaunchSpec(command=["sh", "-c", script]), given, {}, memo="m"
        )

    return make


async def lines(attempt: Attempt, start: int = 0) -> list[tuple[str, str]]:
    return [(line.stream, line.text) async for some in attempt.output(start) for line in some]


async def test_what_others_have_left_is_found_as_strays(
    settings: LauncherSettings, containers: Callable[[], list[str]], shell: Callable[..., Job]
) -> None:
    async with opened(settings) as ann:
        mine = await ann.launch(shell("sleep 100"))
        assert await ann.strays() == []

    async with (
        opened(replace(settings, worker_name="bert")) as bert,
        opened(replace(settings, control_plane_id="another")) as foreign,
    ):
        assert await bert.find() == []
        assert await foreign.strays() == []
        [stray] = await bert.strays()
        assert (stray.key, stray.memo) == (mine.key, "m")

        await stray.stop(grace_seconds=0)
        assert (await stray.wait()).outcome == Outcome.CRASHED
        await stray.forget()

        assert await bert.strays() == []
    assert containers() == []


async def test_one_that_was_never_started_is_nobodys_run(
    settings: LauncherSettings, containers: Callable[[], list[str]], shell: Callable[..., Job], docker_engine: Engine
) -> None:
    async with opened(settings) as ann:
        attempt = await ann.launch(shell("true"))
        await attempt.wait()
        await attempt.forget()
        labels = [f"orch.control-plane={settings.control_plane_id}", "orch.pool=pool", "orch.worker=ann"]
        labels += ["orch.run=9f1c", "orch.token=2"]
        given = [word for label in labels for word in ("--label", label)]
        docker_engine.call("create", "--name", f"orch-9f1c-{uuid4().int}", *given, str(shell("").variables["image"]))

        [stray] = await ann.strays()
        assert (await stray.wait()).message == "Its worker ended before it had started the container."
        assert await ann.find() == []

    assert containers() == []


async def test_lines_of_both_streams_however_long(
    settings: LauncherSettings, containers: Callable[[], list[str]], shell: Callable[..., Job]
) -> None:
    program = "import sys; print('x' * 40000); print('oh', file=sys.stderr); sys.stdout.write('last')"
    async with opened(settings) as ann:
        attempt = await ann.launch(shell(f'python3 -u -c "{program}"'))
        found = await lines(attempt)
        again = await lines(attempt, 2)
        await attempt.forget()

    assert "".join(text for stream, text in found if stream == "stdout") == "x" * 40000 + "last"
    assert ("stderr", "oh") in found
    assert found[-1] == ("stdout", "last")
    assert again == found[2:]
    assert max(len(text.encode()) for _, text in found) <= 16 * 1024


async def test_any_number_of_logs_is_followed_at_once(
    settings: LauncherSettings, containers: Callable[[], list[str]], shell: Callable[..., Job]
) -> None:
    followers = 120  # More than an HTTP client has connections.
    arrived = asyncio.Semaphore(0)

    async def follow(attempt: Attempt) -> list[str]:
        found = []
        async for some in attempt.output():
            found += [line.text for line in some]
            arrived.release()
        return found

    async with opened(settings) as ann:
        attempt = await ann.launch(shell("echo first; trap 'echo last; exit' TERM; while :; do sleep 0.2; done"))
        following = [asyncio.create_task(follow(attempt)) for _ in range(followers)]
        for _ in range(followers):
            await arrived.acquire()

        await attempt.stop(grace_seconds=30)

        assert await asyncio.gather(*following) == [["first", "last"]] * followers
        await attempt.forget()


async def test_lines_that_nobody_wants_are_not_kept(
    settings: LauncherSettings,
    containers: Callable[[], list[str]],
    shell: Callable[..., Job],
    caplog: pytest.LogCaptureFixture,
) -> None:
    async with opened(settings) as ann:
        attempt = await ann.launch(shell("echo unheard", stream_output=False))

        assert await lines(attempt) == []
        assert (await attempt.wait()).outcome == Outcome.COMPLETED
        await attempt.forget()
    assert [record.message for record in caplog.records if record.levelname == "WARNING"] == []


async def test_a_kept_container_is_nobodys_run_any_more(
    settings: LauncherSettings, containers: Callable[[], list[str]], shell: Callable[..., Job]
) -> None:
    async with opened(settings) as ann:
        attempt = await ann.launch(shell("echo kept", auto_remove=False))
        await attempt.wait()
        await attempt.forget()

    async with opened(settings) as again:
        assert await again.find() == []
        assert await again.strays() == []
    assert len(containers()) == 1


async def test_cancelled_at_once_it_leaves_nothing(
    settings: LauncherSettings, containers: Callable[[], list[str]], shell: Callable[..., Job]
) -> None:
    async with opened(settings) as ann:
        launching = asyncio.create_task(ann.launch(shell("sleep 100")))
        await asyncio.sleep(0)
        launching.cancel()

        with pytest.raises(asyncio.CancelledError):
            await launching
        assert containers() == []


async def test_cancelled_before_its_container_is_started_it_leaves_nothing(
    settings: LauncherSettings,
    containers: Callable[[], list[str]],
    shell: Callable[..., Job],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    created = asyncio.Event()

    async def wait(*_: object) -> None:
        created.set()
        await asyncio.Event().wait()

    monkeypatch.setattr(Starting, "start", wait)
    async with opened(settings) as ann:
        launching = asyncio.create_task(ann.launch(shell("sleep 100")))
        await created.wait()
        assert len(containers()) == 1
        launching.cancel()

        with pytest.raises(asyncio.CancelledError):
            await launching
        assert containers() == []
        assert await ann.strays() == []


@pytest.mark.parametrize(
    ("script", "result_file", "words"),
    [
        ("true", "/etc/passwd/x", "the engine says"),
        ("ln -s loop /tmp/loop", "/tmp/loop/x", "the engine says"),
        ('echo 1 >/tmp/x; ln -s /tmp/x "$ORCH_RESULT_FILE"', "/tmp/result", "it is a symbolic link"),
        ('mkdir "$ORCH_RESULT_FILE"; echo 1 >"$ORCH_RESULT_FILE/x"', "/tmp/result", "it is a folder"),
    ],
    ids=["not-a-folder", "loop", "link", "folder"],
)
async def test_a_result_that_cannot_be_read_fails_the_run(
    settings: LauncherSettings,
    containers: Callable[[], list[str]],
    shell: Callable[..., Job],
    script: str,
    result_file: str,
    words: str,
) -> None:
    async with opened(settings) as ann:
        attempt = await ann.launch(shell(script, env={"ORCH_RESULT_FILE": result_file}))

        ending = await attempt.wait()

        assert (ending.outcome, ending.result) == (Outcome.FAILED, None)
        assert f"its result file (ORCH_RESULT_FILE) {result_file} cannot be read: {words}" in ending.message
        await attempt.forget()


async def test_a_name_that_the_engine_has_is_not_started_again(
    settings: LauncherSettings, containers: Callable[[], list[str]], shell: Callable[..., Job]
) -> None:
    job = shell("echo once; sleep 100")
    async with opened(settings) as ann, opened(replace(settings, worker_name="bert")) as bert:
        first = await ann.launch(job)
        second = await bert.launch(job)

        assert first.place == second.place
        await first.stop(grace_seconds=0)
        assert (await second.wait()).outcome == Outcome.CRASHED
        await second.forget()
        await first.forget()
    assert containers() == []


async def test_what_happened_before_the_engine_listened_is_heard(
    settings: LauncherSettings, shell: Callable[..., Job], containers: Callable[[], list[str]]
) -> None:
    client = await Client.connect()
    try:
        before = await client.now()
        async with opened(settings) as launcher:
            attempt = await launcher.launch(shell("exit 3"))
            await attempt.wait()
            (container,) = containers()

            labels = [f"orch.control-plane={settings.control_plane_id}"]
            async with asyncio.timeout(30), client.events(labels, ("die",), since=before) as events:
                heard = await anext(events)
            assert (heard["Actor"]["ID"], heard["Actor"]["Attributes"]["exitCode"]) == (container, "3")
            await attempt.forget()
    finally:
        await client.close()
