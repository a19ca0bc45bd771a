"""Headless Chromium, and what it measures inside a page: when something was painted, and tasks that kept it busy."""

import shutil
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TypeAlias

from playwright.async_api import Browser, Page, ViewportSize, async_playwright

PAINT_MS = 30_000
SIZE = ViewportSize(width=1440, height=900)
_FLAGS = ("--no-sandbox", "--disable-background-networking")
_TRACED = ["toplevel", "devtools.timeline", "v8.execute", "disabled-by-default-devtools.timeline"]

# A check is looked at in each frame, before it is painted; the message arrives once it has been.
_OBSERVED = """(() => {
    const bench = window.bench = { acted: 0, tasks: [] };
    for (const kind of ["input", "change", "click", "keydown"])
        addEventListener(kind, (event) => { bench.acted = event.timeStamp; }, true);
    new PerformanceObserver((list) => bench.tasks.push(...list.getEntries().map(({ duration }) => duration)))
        .observe({ type: "longtask", buffered: true });
    bench.painted = (check) => new Promise((resolve, reject) => {
        const begin = performance.now();
        const look = () => {
            if (performance.now() - begin > PAINT_MS) return reject(new Error(`this has never been painted: ${check}`));
            if (!check()) return requestAnimationFrame(look);
            const { port1, port2 } = new MessageChannel();
            port1.onmessage = () => resolve(performance.now());
            port2.postMessage(null);
        };
        requestAnimationFrame(look);
    });
})();""".replace("PAINT_MS", str(PAINT_MS))


Act: TypeAlias = Callable[[], Awaitable[object]]
"""What somebody does on a page."""


class Watched:
    """A page that is measured."""

    def __init__(self, page: Page) -> None:
        self.page = page

    async def first_paint(self, url: str, check: str) -> float:
        """Seconds from the beginning of the navigation until a frame was painted in which `check`, an expression of
        JavaScript, was true."""
        await self.page.goto(url, wait_until="commit")
        found: float = await self.page.evaluate(f"bench.painted(() => {check})")
        return found / 1000

    async def until_painted(self, act: Act, check: str) -> float:
        """Milliseconds from the last event of `act` in the page until a frame with `check` was painted."""
        await self.page.evaluate(f"bench.done = bench.painted(() => {check}); null")
        await act()
        found: float = await self.page.evaluate("bench.done.then((painted) => painted - bench.acted)")
        return found

    async def longest_task(self, act: Act) -> float:
        """Milliseconds of the longest task on the page's main thread meanwhile; 0 where none took 50 ms."""
        await self.settled()
        await self.page.evaluate("bench.tasks.length = 0")
        await act()
        await self.settled()
        found: float = await self.page.evaluate("Math.max(0, ...bench.tasks)")
        return found

    async def settled(self) -> None:
        """The page has painted, and its observers have been told."""
        await self.page.evaluate("new Promise((done) => requestIdleCallback(() => requestAnimationFrame(done)))")

    async def wheel(self, times: int, *, across: float = 0, down: float = 0) -> None:
        """Turn the wheel, a notch in each frame."""
        for _ in range(times):
            await self.page.mouse.wheel(across, down)
            await self.page.evaluate("new Promise(requestAnimationFrame)")


class Chromium:
    """Opens pages."""

    def __init__(self, browser: Browser) -> None:
        self._browser = browser

    @asynccontextmanager
    async def fresh(self, *, trace: Path | None = None) -> AsyncIterator[Watched]:
        """A page of somebody who has never been here, with an empty cache."""
        context = await self._browser.new_context(viewport=SIZE)
        context.set_default_timeout(PAINT_MS)
        await context.add_init_script(_OBSERVED)
        page = await context.new_page()
        if trace is not None:
            await self._browser.start_tracing(page=page, path=str(trace), categories=_TRACED)
        try:
            yield Watched(page)
        finally:
            if trace is not None:
                await self._browser.stop_tracing()
            await context.close()


@asynccontextmanager
async def started_chromium() -> AsyncIterator[Chromium]:
    """A browser without a window; RuntimeError where none is installed."""
    program = shutil.which("chromium") or shutil.which("chromium-browser")
    if program is None:
        raise RuntimeError("there is no Chromium on the PATH: install Debian's package chromium")
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=program, args=_FLAGS)
        try:
            yield Chromium(browser)
        finally:
            await browser.close()


Acts: TypeAlias = Callable[[Watched], Mapping[str, Act]]
"""What somebody does on one page, by name, in this order."""
