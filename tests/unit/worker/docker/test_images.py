"""Pulls and logins: one for all that want the same."""

import asyncio
import base64
import json
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, cast

import pytest

from orch_worker.launchers.base import LaunchError
from orch_worker.launchers.docker.errors import EngineRefusedError
from orch_worker.launchers.docker.images import Images
from orch_worker.launchers.docker.registries import full_name, registry_of
from orch_worker.launchers.docker.variables import DockerVariables

if TYPE_CHECKING:
    from orch_worker.launchers.docker.engine import Engine


class Registry:
    """The part of an engine that pulls: what it was asked, and an answer when the test says so."""

    def __init__(self) -> None:
        self.pulls: list[tuple[str, Mapping[str, str] | None]] = []
        self.logins: list[Mapping[str, str]] = []
        self.refusal: EngineRefusedError | None = None
        self.may_answer = asyncio.Event()
        self.may_answer.set()

    async def pull(self, image: str, auth: Mapping[str, str] | None) -> None:
        self.pulls.append((image, auth))
        await self.may_answer.wait()
        if self.refusal is not None:
            raise self.refusal

    async def login(self, auth: Mapping[str, str]) -> Mapping[str, str]:
        self.logins.append(auth)
        await self.may_answer.wait()
        if self.refusal is not None:
            raise self.refusal
        return auth


@pytest.fixture
async def registry(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Registry:
    monkeypatch.setenv("DOCKER_CONFIG", str(tmp_path))
    return Registry()


@pytest.fixture
async def images(registry: Registry) -> Images:
    return Images(cast("Engine", registry))


def variables(image: str = "team/etl:1", **credentials: str) -> DockerVariables:
    return DockerVariables.model_validate({"image": image, "registry_credentials": credentials or None})


def untold(_: str) -> None:
    """Nobody listens."""


async def test_one_pull_for_all_and_another_later(images: Images, registry: Registry) -> None:
    registry.may_answer.clear()
    waiting = [asyncio.create_task(images.pull(variables(), untold)) for _ in range(20)]
    await asyncio.sleep(0)
    waiting[0].cancel()
    await asyncio.sleep(0)
    registry.may_answer.set()

    await asyncio.gather(*waiting[1:])
    assert len(registry.pulls) == 1
    await images.pull(variables(), untold)
    assert len(registry.pulls) == 2


@pytest.mark.parametrize(
    ("says", "words"),
    [
        ("pull access denied for team/etl", "its registry does not have it, or shows it only to those who log in"),
        ("manifest for team/etl:1 not found: manifest unknown", "its registry does not have it"),
        ('Get "https://x/v2/": dial tcp: lookup x: no such host', "the engine does not reach docker.io."),
        ("toomanyrequests", "The image team/etl:1 cannot be pulled. The engine says: toomanyrequests."),
    ],
)
async def test_refusals(images: Images, registry: Registry, says: str, words: str) -> None:
    registry.refusal = EngineRefusedError(500, says)

    with pytest.raises(LaunchError) as caught:
        await images.pull(variables(), untold)

    assert words in str(caught.value)


async def test_one_login_is_remembered(images: Images, registry: Registry, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REGISTRY_LOGIN", "ann:hunter2")
    given = [variables(f"r.example:5000/etl:{number}", credential="REGISTRY_LOGIN") for number in range(3)]

    await asyncio.gather(*(images.pull(each, untold) for each in given))

    auth = {"username": "ann", "password": "hunter2", "serveraddress": "r.example:5000"}
    assert registry.logins == [auth]
    assert registry.pulls == [(f"r.example:5000/etl:{number}", auth) for number in range(3)]


async def test_a_token_from_a_file(images: Images, registry: Registry, tmp_path: Path) -> None:
    (tmp_path / "token").write_text("hunter2\n")

    await images.pull(variables("etl", credential=f"{tmp_path}/token", username="ann"), untold)

    assert registry.logins == [
        {"username": "ann", "password": "hunter2", "serveraddress": "https://index.docker.io/v1/"}
    ]
    assert registry.pulls[0][0] == "docker.io/library/etl"


@pytest.mark.parametrize(
    ("credentials", "words"),
    [
        ({"credential": "NOT_SET"}, "The registry credential is the variable NOT_SET, which the worker's environment"),
        ({"credential": "/no/such/file"}, "The registry credential /no/such/file cannot be read"),
        ({"credential": "TOKEN_ALONE"}, "must be USER:PASSWORD; or give username beside it."),
    ],
)
async def test_wrong_credentials(
    images: Images, monkeypatch: pytest.MonkeyPatch, credentials: dict[str, str], words: str
) -> None:
    monkeypatch.setenv("TOKEN_ALONE", "hunter2")

    with pytest.raises(LaunchError) as caught:
        await images.pull(variables(**credentials), untold)

    assert words in str(caught.value)
    assert "hunter2" not in str(caught.value)


async def test_a_login_that_fails_is_tried_again_next_time(
    images: Images, registry: Registry, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("REGISTRY_LOGIN", "ann:hunter2")
    registry.refusal = EngineRefusedError(401, "incorrect username or password")
    with pytest.raises(LaunchError, match=r"The login at the registry docker\.io as 'ann' failed: incorrect"):
        await images.pull(variables(credential="REGISTRY_LOGIN"), untold)
    registry.refusal = None

    await images.pull(variables(credential="REGISTRY_LOGIN"), untold)

    assert len(registry.logins) == 2


async def test_what_docker_login_has_left_is_used(images: Images, registry: Registry, tmp_path: Path) -> None:
    auth = base64.b64encode(b"ann:hunter2").decode()
    (tmp_path / "config.json").write_text(json.dumps({"auths": {"r.example": {"auth": auth}}}))

    await images.pull(variables("r.example/etl"), untold)
    await images.pull(variables("other.example/etl"), untold)

    assert registry.logins == []
    assert registry.pulls == [
        ("r.example/etl", {"username": "ann", "password": "hunter2", "serveraddress": "r.example"}),
        ("other.example/etl", None),
    ]


@pytest.mark.parametrize(
    ("image", "registry", "name"),
    [
        ("python:3.13", "docker.io", "docker.io/library/python:3.13"),
        ("team/etl", "docker.io", "docker.io/team/etl"),
        ("ghcr.io/team/etl:1", "ghcr.io", "ghcr.io/team/etl:1"),
        ("localhost/etl", "localhost", "localhost/etl"),
        ("box:5000/etl", "box:5000", "box:5000/etl"),
    ],
)
def test_names(image: str, registry: str, name: str) -> None:
    assert (registry_of(image), full_name(image)) == (registry, name)
