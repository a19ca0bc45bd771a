"""An engine that fails or refuses at the wrong moment: no run stays for ever, and none runs twice."""

import asyncio
from typing import TYPE_CHECKING, Any, cast

import pytest

from orch_worker.launchers.base import Outcome
from orch_worker.launchers.docker.attempt import DockerAttempt
from orch_worker.launchers.docker.errors import EngineAwayError, EngineError, EngineRefusedError
from orch_worker.launchers.docker.images import Images
from orch_worker.launchers.docker.starting import Starting

if TYPE_CHECKING:
    from orch_worker.launchers.docker.engine import Engine

LABELS = {"orch.run": "9f1c", "orch.token": "1"}
RESULT = "ORCH_RESULT_FILE=/out/result.json"


class FaultyEngine:
    """Has one container. What it is asked fails as often as the test says."""

    def __init__(self, **faults: list[EngineError]) -> None:
        self.faults = faults
        self.status = "running"
        self.exit_code = 0
        self.signals: list[str] = []

    async def start(self, container: str) -> None:
        self.status = "running"
        self._fail("start")

    async def inspect(self, container: str) -> dict[str, Any]:
        self._fail("inspect")
        state = {"Status": self.status, "ExitCode": self.exit_code, "OOMKilled": False, "Error": ""}
        return {"State": state, "Config": {"Env": [RESULT], "Image": "etl:7", "Cmd": []}, "HostConfig": {"Memory": 0}}

    async def kill(self, container: str, signal: str) -> None:
        self.signals.append(signal)
        self._fail("kill")
        self.status, self.exit_code = "exited", 137

    async def read(self, container: str, path: str, *, max_bytes: int) -> bytes | None:
        self._fail("read")
        return b"7"

    def _fail(self, what: str) -> None:
        if self.faults.get(what):
            raise self.faults[what].pop(0)


class Launcher:
    """What an attempt needs of its launcher. It has not noticed that the engine is away."""

    async def contact(self) -> None:
        """Tells that the engine answers, whether it does or not."""

    def look_after(self, attempt: DockerAttempt) -> None:
        """Nobody does."""

    async def dismiss(self, attempt: DockerAttempt) -> None:
        """It stays."""


def attempt_on(engine: FaultyEngine) -> DockerAttempt:
    return DockerAttempt("c" * 64, LABELS, cast("Engine", engine), Launcher())


def starting_on(engine: FaultyEngine) -> Starting:
    return Starting(cast("Engine", engine), Images(cast("Engine", engine)))


async def test_a_result_that_the_engine_cannot_read_fails_the_run() -> None:
    engine = FaultyEngine(read=[EngineRefusedError(500, "error evaluating symlinks: too many links")])
    attempt = attempt_on(engine)
    engine.status = "exited"

    await attempt.settle()

    ending = await attempt.wait()
    assert ending.outcome == Outcome.FAILED
    assert ending.message == (
        "It ended with exit code 0, but its result file (ORCH_RESULT_FILE) /out/result.json cannot be read: the engine"
        " says: error evaluating symlinks: too many links."
    )


async def test_an_engine_that_is_away_before_the_result_was_read_is_asked_again() -> None:
    engine = FaultyEngine(read=[EngineAwayError("the connection was lost")])
    attempt = attempt_on(engine)
    engine.status = "exited"

    await attempt.settle()
    assert not attempt.has_ended
    await attempt.settle()

    assert (await attempt.wait()).result == b"7"


async def test_a_container_that_goes_before_its_result_was_read_is_removed() -> None:
    engine = FaultyEngine(read=[EngineRefusedError(404, "No such container: ccc")])
    attempt = attempt_on(engine)
    attempt.heard.exit_code, engine.status = 0, "exited"

    await attempt.settle()

    assert "removed before its result could be read" in (await attempt.wait()).message


async def test_a_signal_that_the_engine_refuses_does_not_end_the_stop() -> None:
    refusals: list[EngineError] = [EngineRefusedError(500, "Cannot kill container: ttrpc: closed")]
    engine = FaultyEngine(kill=refusals, inspect=[EngineRefusedError(500, "layer not found")])
    attempt = attempt_on(engine)

    await attempt.stop(grace_seconds=0.01)

    assert engine.signals == ["SIGTERM", "SIGKILL"]
    assert "was killed (SIGKILL)" in (await attempt.wait()).message


async def test_a_start_whose_answer_is_lost_is_asked_for_until_there_is_one() -> None:
    lost = EngineAwayError("the connection was lost")
    engine = FaultyEngine(start=[lost], inspect=[EngineAwayError("it restarts")])

    await starting_on(engine).start("c", Launcher().contact)

    assert engine.faults == {"start": [], "inspect": []}


async def test_a_start_that_never_came_to_the_engine_may_be_given_back() -> None:
    engine = FaultyEngine(start=[EngineAwayError("the connection was lost")])

    async def contact() -> None:
        engine.status = "created"

    with pytest.raises(EngineAwayError):
        await asyncio.wait_for(starting_on(engine).start("c", contact), 5.0)
