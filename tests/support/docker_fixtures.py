"""Fixtures of tests that need Docker; tests/conftest.py makes them known."""

from collections.abc import Iterable, Iterator

import pytest

from tests.support.docker_daemon import PrivateEngine, private_engine
from tests.support.docker_engine import Engine, running_engine
from tests.support.docker_image import project_image

IMAGE_SECONDS = 300
"""A test has so long where it may be the one that makes the image."""


def give_time_for_images(items: Iterable[pytest.Item]) -> None:
    """To tests that use the image and say nothing of time themselves."""
    for item in items:
        uses_image = not {"docker_image", "private_docker"}.isdisjoint(getattr(item, "fixturenames", ()))
        if uses_image and item.get_closest_marker("timeout") is None:
            item.add_marker(pytest.mark.timeout(IMAGE_SECONDS))


@pytest.fixture(scope="session")
def docker_engine() -> Engine:
    """The engine of this machine."""
    return running_engine()


@pytest.fixture(scope="session")
def docker_image(docker_engine: Engine) -> str:
    """An image with this tree's Orch in the engine of this machine: no entrypoint, a user that is not root."""
    return project_image(docker_engine)


@pytest.fixture(scope="session")
def private_docker(docker_engine: Engine, docker_image: str) -> Iterator[PrivateEngine]:
    """An engine that a test may stop, kill and start, with the image; it should run again when the test ends."""
    with private_engine() as private:
        private.load(docker_engine, docker_image)
        yield private
