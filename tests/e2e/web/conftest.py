"""A control plane with its screen, a worker, deployed flows, and a browser."""

import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import chdir
from pathlib import Path

import pytest
from playwright.sync_api import BrowserContext

from orch_client import connect
from tests.e2e.orch_command import Orch
from tests.e2e.web.screen import Screen, Seen, Stage, started_browser
from tests.support.required import need
from tests.support.started_server import StartedServer, started_server

ROOT = Path(__file__).resolve().parents[3]
FLOWS = Path(__file__).parent / "screen_flows" / "catalogue.py"
STOP_SECONDS = 30
KEY = "correct-horse-battery-staple"


@pytest.fixture(scope="package", autouse=True)
def built_screen() -> None:
    """The screen as these sources make it, built where it is not there. Where it cannot be, the tests are skipped."""
    done = subprocess.run(
        [sys.executable, str(ROOT / "tools" / "build_web.py"), "--tests"], capture_output=True, text=True, check=False
    )
    need("node", there=done.returncode == 0, without=done.stderr.strip()[-500:])


@pytest.fixture(scope="package")
def browser(built_screen: None) -> Iterator[BrowserContext]:
    """Debian's Chromium, without a window."""
    program = shutil.which("chromium") or shutil.which("chromium-browser") or ""
    need("chromium", there=bool(program), without="install Debian's package chromium")
    with started_browser(program) as started:
        yield started


@pytest.fixture(scope="package")
def stage(browser: BrowserContext, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    """A control plane, a worker of its pool, and the flows of screen_flows, deployed. For all tests of this folder:
    what they make has names of its own."""
    place = tmp_path_factory.mktemp("screen")
    (place / FLOWS.name).write_text(FLOWS.read_text())
    with started_server(place / "home") as server, connect(server.url) as client:
        orch = Orch(place, server.url)
        with chdir(place):
            for flow in ("catalogue", "checked", "endless"):
                said = orch("deploy", f"{FLOWS.name}:{flow}", "--name", "nightly", "--yes", "--tag", "shop")
                assert said.code == 0, said
        said = orch(
            *("schedule", "create", "catalogue/nightly", "--name", "night"),
            *("--cron", "30 2 * * *", "--tz", "Europe/Berlin", "-p", "pages=3"),
        )
        assert said.code == 0, said
        command = [sys.executable, "-m", "orch_worker", "--pool", "default", "--name", "ada"]
        with (place / "worker.log").open("w") as log:
            worker = subprocess.Popen(command, env=orch.environment, stdout=log, stderr=log)
        try:
            yield Stage(server.http_url, client, place)
        finally:
            worker.send_signal(signal.SIGTERM)
            try:
                worker.wait(STOP_SECONDS)
            finally:
                worker.kill()
                worker.wait()


@pytest.fixture(scope="package")
def locked_server(built_screen: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[StartedServer]:
    """A control plane that asks for a key."""
    with started_server(tmp_path_factory.mktemp("locked"), environment={"ORCH_API_KEY": KEY}) as started:
        yield started


@pytest.fixture
def screens(browser: BrowserContext, request: pytest.FixtureRequest) -> Iterator[Screen]:
    """Opens pages. At the end, whatever a page complained of fails the test, and each is kept as a picture."""
    pictures = Path(os.environ.get("ORCH_SCREENSHOTS", ROOT / "build" / "screenshots"))
    screen = Screen(browser, pictures, str(request.node.name))
    try:
        yield screen
    finally:
        screen.close()
    assert screen.complaints == []


@pytest.fixture
def seen(screens: Screen, stage: Stage) -> Seen:
    """One page on the stage: light, as wide as a desk's."""
    return screens.open(stage.url)
