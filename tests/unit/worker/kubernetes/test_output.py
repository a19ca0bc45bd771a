"""Lines of Pods: live, whole, and under the same numbers whatever breaks."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from orch_worker.launchers.kubernetes.attempt import KubernetesAttempt
from orch_worker.launchers.kubernetes.launcher import KubernetesLauncher
from tests.unit.worker.kubernetes.cluster import Cluster, ScriptedKubelet
from tests.unit.worker.kubernetes.stage import MovableClock, launcher_at, make_job, pending, started
from tests.unit.worker.kubernetes.store import Json, StoreError


@pytest.fixture
def kubelet(cluster: Cluster) -> ScriptedKubelet:
    """Of the cluster."""
    assert isinstance(cluster.kubelet, ScriptedKubelet)
    return cluster.kubelet


async def lines_of(attempt: KubernetesAttempt, start: int = 0) -> list[str]:
    """All of them, until its end."""
    return [line.text async for batch in attempt.output(start) for line in batch]


async def test_lines_of_commands_come_while_they_run(
    cluster: Cluster, launcher: KubernetesLauncher, kubelet: ScriptedKubelet, clock: MovableClock
) -> None:
    run = await started(cluster, launcher, make_job())
    output = run.attempt.output()

    kubelet.write(run.pod, "2026-11-22T10:00:00.000000007Z", "one")
    (line,) = await anext(output)

    assert (line.stream, line.text, line.time_ns) == ("stdout", "one", 1795341600 * 10**9 + 7)
    assert not run.attempt.has_ended
    await output.aclose()  # type: ignore[attr-defined] # it is a generator


async def test_a_connection_that_breaks_costs_no_line_and_doubles_none(
    cluster: Cluster, launcher: KubernetesLauncher, kubelet: ScriptedKubelet, clock: MovableClock
) -> None:
    """Lines of one second, and some before: the log can be asked for by seconds only."""
    run = await started(cluster, launcher, make_job())
    output = run.attempt.output()
    for number, time in enumerate(("10:00:00.9", "10:00:01.2", "10:00:01.2", "10:00:01.1")):
        kubelet.write(run.pod, f"2026-11-22T{time}Z", str(number))
    told: list[str] = []
    while len(told) < 4:
        told += [line.text for line in await anext(output)]

    kubelet.cut()
    reading = asyncio.ensure_future(anext(output))
    await clock.asleep(0.25)
    kubelet.write(run.pod, "2026-11-22T10:00:01.2Z", "4")
    kubelet.write(run.pod, "2026-11-22T10:00:02.0Z", "5")
    clock.move(0.25)
    told += [line.text for line in await reading]
    while len(told) < 6:
        told += [line.text for line in await anext(output)]

    assert told == ["0", "1", "2", "3", "4", "5"]
    assert kubelet.logs_asked == 2
    await output.aclose()  # type: ignore[attr-defined] # it is a generator


async def test_a_connection_that_has_died_without_a_word_is_left_at_the_end(
    cluster: Cluster,
    launcher: KubernetesLauncher,
    kubelet: ScriptedKubelet,
    clock: MovableClock,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    run = await started(cluster, launcher, make_job())
    log, test_ends = kubelet.log, asyncio.Event()

    async def dead(pod: Json, params: dict[str, str]) -> AsyncIterator[bytes]:
        monkeypatch.setattr(kubelet, "log", log)
        yield b"2026-11-22T10:00:00Z one\n"
        await test_ends.wait()

    monkeypatch.setattr(kubelet, "log", dead)
    output = run.attempt.output()
    assert [line.text for line in await anext(output)] == ["one"]

    rest = asyncio.ensure_future(anext(output))
    kubelet.write(run.pod, "2026-11-22T10:00:00Z", "one")
    kubelet.write(run.pod, "2026-11-22T10:00:01Z", "two")
    cluster.end_pod(run.pod, 0)
    await clock.asleep(5.0)
    assert not rest.done()
    clock.move(5.0)

    assert [line.text for line in await rest] == ["two"]
    await output.aclose()  # type: ignore[attr-defined] # it is a generator
    test_ends.set()


async def test_lines_outlast_an_api_server_that_is_away_at_the_end(
    cluster: Cluster, launcher: KubernetesLauncher, kubelet: ScriptedKubelet, clock: MovableClock
) -> None:
    is_away = True

    def refuse(request: object) -> None:
        if is_away and "/log" in str(getattr(request, "url", "")):
            raise StoreError(503, "ServiceUnavailable", "not yet")

    cluster.api.refuse = refuse
    run = await started(cluster, launcher, make_job(entrypoint="etl.py:etl"))
    kubelet.write(run.pod, "2026-11-22T10:00:00Z", "Traceback (most recent call last):")
    cluster.end_pod(run.pod, 3)

    reading = asyncio.create_task(lines_of(run.attempt))
    await clock.asleep(0.25)
    clock.move(0.25)
    await clock.asleep(0.5)
    is_away = False
    clock.move(0.5)

    assert await reading == ["Traceback (most recent call last):"]


async def test_numbers_are_the_same_after_a_restart(cluster: Cluster, kubelet: ScriptedKubelet, tmp_path: Path) -> None:
    async with launcher_at(cluster, tmp_path / "one") as launcher:
        run = await started(cluster, launcher, make_job())
        for number in range(5):
            kubelet.write(run.pod, f"2026-11-22T10:00:0{number}Z", f"line {number}")
        kubelet.write(run.pod, "2026-11-22T10:00:09Z", "x" * 40_000)
        kubelet.write(run.pod, "2026-11-22T10:00:10Z", "last")
        cluster.end_pod(run.pod, 0)
        assert [len(line) for line in await lines_of(run.attempt, 5)] == [16384, 16384, 7232, 4]

    async with launcher_at(cluster, tmp_path / "two") as launcher:
        (found,) = await launcher.find()
        assert await lines_of(found, 3) == ["line 3", "line 4", "x" * 16384, "x" * 16384, "x" * 7232, "last"]
        assert await lines_of(found, 7) == ["x" * 7232, "last"]
        assert await lines_of(found, 9) == []


async def test_a_flow_that_ends_well_speaks_for_itself(
    cluster: Cluster, launcher: KubernetesLauncher, kubelet: ScriptedKubelet
) -> None:
    run = await started(cluster, launcher, make_job(entrypoint="etl.py:etl"))
    kubelet.write(run.pod, "2026-11-22T10:00:00Z", "printed")

    cluster.end_pod(run.pod, 0)

    assert await lines_of(run.attempt) == []
    assert kubelet.logs_asked == 0


async def test_a_flow_that_ends_badly_is_spoken_for(
    cluster: Cluster, launcher: KubernetesLauncher, kubelet: ScriptedKubelet
) -> None:
    run = await started(cluster, launcher, make_job(entrypoint="etl.py:etl"))
    kubelet.write(run.pod, "2026-11-22T10:00:00Z", "Fatal Python error: Segmentation fault")

    cluster.end_pod(run.pod, 139)

    assert await lines_of(run.attempt) == ["Fatal Python error: Segmentation fault"]


@pytest.mark.parametrize(("entrypoint", "stream_output", "told"), [("etl.py:etl", True, ["hello"]), ("", False, [])])
async def test_who_wants_lines_or_none_says_so(
    cluster: Cluster,
    launcher: KubernetesLauncher,
    kubelet: ScriptedKubelet,
    entrypoint: str,
    stream_output: bool,
    told: list[str],
) -> None:
    run = await started(cluster, launcher, make_job(entrypoint=entrypoint, stream_output=stream_output))
    kubelet.write(run.pod, "2026-11-22T10:00:00Z", "hello")

    cluster.end_pod(run.pod, 0)

    assert await lines_of(run.attempt) == told


async def test_a_pod_that_never_began_has_no_lines(cluster: Cluster, launcher: KubernetesLauncher) -> None:
    run = await pending(cluster, launcher, make_job())

    cluster.delete("jobs", "runs", run.job, {})

    assert await lines_of(await run.launching) == []
