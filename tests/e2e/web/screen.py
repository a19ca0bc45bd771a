"""A browser that looks at the screen: pages, pictures, and what is wrong with them."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from playwright.sync_api import BrowserContext, ConsoleMessage, Page, Request, sync_playwright

from orch_client import Client
from orch_proto.v1 import deployment_service_pb2 as deployments
from orch_proto.v1 import flow_run_service_pb2 as flow_runs
from orch_proto.v1.deployment_pb2 import Deployment
from orch_proto.v1.flow_run_pb2 import FlowRun
from orch_proto.v1.state_pb2 import StateType

AXE = Path(__file__).resolve().parents[3] / "clients" / "web" / "node_modules" / "axe-core" / "axe.min.js"
Theme = Literal["light", "dark"]
DESK = (1440, 900)
PHONE = (390, 844)
WAIT_MS = 45_000
NAMED = "orch.internal"
# A flow takes seconds to begin on a busy machine; what is waited for is an event, never a time.

_ENDED = frozenset(
    {
        StateType.STATE_TYPE_COMPLETED,
        StateType.STATE_TYPE_FAILED,
        StateType.STATE_TYPE_CANCELLED,
        StateType.STATE_TYPE_CRASHED,
    }
)
_AXE_CALL = """async () => {
    const runOnly = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"];
    const found = await axe.run(document, { runOnly });
    const where = (node) => `${node.html}: ${node.any.map((check) => check.message).join()}`;
    return found.violations.map(
        (one) => `${one.impact}: ${one.id}: ${one.nodes.slice(0, 3).map(where).join(" | ")}`);
}"""


@dataclass(frozen=True)
class Stage:
    """The control plane that is looked at."""

    url: str
    client: Client
    place: Path

    def deployment(self, flow_name: str) -> Deployment:
        """The deployment `nightly` of a flow."""
        request = deployments.GetDeploymentRequest(flow_name=flow_name, name="nightly")
        return self.client.deployments.GetDeployment(request).deployment

    def create(self, flow_name: str, parameters: str = "", *, name: str = "") -> FlowRun:
        """A run of that deployment."""
        request = flow_runs.CreateFlowRunRequest(
            deployment_id=self.deployment(flow_name).deployment_id, parameters_json=parameters, name=name
        )
        return self.client.flow_runs.CreateFlowRun(request).flow_run

    def until_ended(self, run: FlowRun) -> FlowRun:
        """The run, when it has ended."""
        for answer in self.client.flow_runs.WatchFlowRun(flow_runs.WatchFlowRunRequest(flow_run_id=run.flow_run_id)):
            if answer.flow_run.state.type in _ENDED:
                return answer.flow_run
        raise AssertionError(f"the watch of {run.name} ended before the run")


class Seen:
    """One page in a browser."""

    def __init__(self, page: Page, url: str) -> None:
        self.page = page
        self.url = url

    def go(self, path: str) -> Page:
        """Open an address of the screen, and wait for its heading."""
        self.page.goto(self.url + path)
        self.page.locator("h1").first.wait_for()
        return self.page

    def turn(self, theme: Theme, size: tuple[int, int]) -> None:
        """Look at the same page in another theme, or another window; it has been drawn so when this returns."""
        self.page.emulate_media(color_scheme=theme)
        self.page.set_viewport_size({"width": size[0], "height": size[1]})
        self.page.evaluate("new Promise((drawn) => requestAnimationFrame(() => requestAnimationFrame(drawn)))")

    def violations(self) -> list[str]:
        """What axe finds that is serious or worse."""
        if not self.page.evaluate("Boolean(window.axe)"):
            # Put in by the browser, not by the page: the page's own policy forbids it.
            self.page.evaluate(AXE.read_text())
        found: list[str] = self.page.evaluate(_AXE_CALL)
        return [one for one in found if one.startswith(("serious", "critical"))]

    def overflow(self) -> int:
        """By how many pixels the page is wider than the window."""
        width: int = self.page.evaluate("document.documentElement.scrollWidth - window.innerWidth")
        return width


class Screen:
    """Opens pages, and keeps what they complain of and what they look like.

    All tests share one context: a page in a new one costs as much processor time again. What a page has left there is
    gone when its test ends.
    """

    def __init__(self, context: BrowserContext, pictures: Path, name: str) -> None:
        self._context = context
        self._pictures = pictures
        self._name = re.sub(r"[^\w.-]+", "_", name)
        self._pages: list[Seen] = []
        self.complaints: list[str] = []
        """Errors of pages, and requests that left the control plane."""
        # The browser itself writes down every call that fails, also where the page expects it, and which of the page's
        # headers it heeds over TLS only.
        self.tolerated = re.compile(
            r"net::ERR_INTERNET_DISCONNECTED|ERR_NETWORK_CHANGED|status of 40[01]"
            r"|Cross-Origin-Opener-Policy header has been ignored"
        )

    def open(self, url: str, *, theme: Theme = "light", size: tuple[int, int] = DESK) -> Seen:
        """A new page, of a person who has left nothing here."""
        page = self._context.new_page()
        page.on("console", self._said)
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        page.on("request", lambda request: self._asked(request, url))
        seen = Seen(page, url)
        seen.turn(theme, size)
        self._pages.append(seen)
        return seen

    def _said(self, message: ConsoleMessage) -> None:
        if message.type == "error" and not self.tolerated.search(message.text):
            self.complaints.append(message.text)

    def _asked(self, request: Request, url: str) -> None:
        if not request.url.startswith((url, "blob:", "data:")):
            self.complaints.append(f"a request left the control plane: {request.url}")

    def keep(self, seen: Seen, look: str = "", *, whole: bool = False) -> None:
        """Keep a picture of what is in the window, or of the whole page."""
        self._pictures.mkdir(parents=True, exist_ok=True)
        seen.page.screenshot(path=self._pictures / f"{self._name}{look}.png", full_page=whole)

    def close(self) -> None:
        """Keep a picture of every page, then close them, and leave nothing behind."""
        self._context.set_offline(False)
        for number, seen in enumerate(self._pages):
            self.keep(seen, f"-{number}" if number else "")
            # Where the page is the browser's own, of an error, it may not.
            seen.page.evaluate("() => { try { localStorage.clear(); } catch {} }")
            seen.page.close()
        self._context.clear_cookies()


@contextmanager
def started_browser(program: str) -> Iterator[BrowserContext]:
    """A browser without a window, which asks nobody anything by itself. NAMED leads to this machine."""
    with sync_playwright() as playwright:
        flags = ["--no-sandbox", "--disable-background-networking", f"--host-resolver-rules=MAP {NAMED} 127.0.0.1"]
        browser = playwright.chromium.launch(executable_path=program, args=flags)
        # Without motion: a theme is there at once when it is turned.
        context = browser.new_context(accept_downloads=True, reduced_motion="reduce")
        context.set_default_timeout(WAIT_MS)
        yield context
        browser.close()
