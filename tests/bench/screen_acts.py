"""What people do on the screen, and how a page says that it is done: expressions of JavaScript over what it shows."""

from collections.abc import Mapping
from dataclasses import dataclass

from playwright.async_api import Page

from tests.bench.million_runs import RARE
from tests.bench.screen_browser import Act, Watched
from tests.bench.screen_data import FOUND_TEXT, LINES, TASKS

RUN_ROWS = 'document.querySelectorAll(".run-table .run-name").length > 5'
TASK_ROWS = 'document.querySelectorAll(".timeline-row").length > 5'
LOG_ROWS = f'[...document.querySelectorAll(".log-line")].some(line => line.textContent.includes("line {LINES - 1} "))'
ALL_TASKS = f"document.querySelector('[aria-label=\"Task runs, {TASKS}\"]') !== null"
UNFILTERED = f"!location.search && {RUN_ROWS}"
_FEWER_TASKS = f"!({ALL_TASKS}) && {TASK_ROWS}"
_WHEEL_PX = 400
_TURNS = 40


@dataclass(frozen=True)
class Filter:
    """One way to narrow what is shown, and the way back."""

    name: str
    act: Act
    check: str
    undo: Act


def _every(rows: str, test: str) -> str:
    """Whether there are such parts of rows, and each of them, as `text`, passes a test."""
    found = f'[...document.querySelectorAll("{rows}")]'
    return f"(all => all.length > 5 && all.every(({{ textContent: text }}) => {test}))({found})"


def run_filters(page: Page) -> list[Filter]:
    """Of the list of runs."""
    row = ".run-table .run-row:not(.run-head)"
    wishes: Mapping[str, tuple[Act, str]] = {
        "state": (_chosen(page, "State", "Failed"), _every(f"{row} .state", "text === 'Failed'")),
        "flow": (_chosen(page, "Flow", "flow-3"), _every(f"{row} .run-what .muted", "text.startsWith('flow-3')")),
        "deployment": (
            _chosen(page, "Deployment", "flow-2/deployment-2"),
            _every(f"{row} .run-what .muted", "text.endsWith('/ deployment-2')"),
        ),
        "tag": (_tagged(page, "team-2"), _every(f"{row} .run-name", "text.includes('team-2')")),
        "tag_rare": (_tagged(page, RARE), _every(f"{row} .run-what .muted", f"text.startsWith('{RARE}')")),
        "text": (
            _typed(page, "Name begins with", "flow-7-0"),
            _every(f"{row} .name-link", "text.startsWith('flow-7-0')"),
        ),
        # Another filter makes another list, which begins without rows.
        "time": (_selected(page, "Created", "24h"), f"location.search === '?since=24h' && {RUN_ROWS}"),
    }
    clear = page.get_by_role("button", name="Clear").click
    return [Filter(name, act, check, clear) for name, (act, check) in wishes.items()]


def page_filters(page: Page) -> list[Filter]:
    """Of a run's timeline and log."""
    failed = page.locator(".count-button").last.click
    found = _every(".log-line .log-message", f"text.includes('{FOUND_TEXT}')")
    return [
        Filter("task_state", failed, _FEWER_TASKS, failed),
        Filter("task_text", _typed(page, "Find a task", "crunch-77"), _FEWER_TASKS, _typed(page, "Find a task", "")),
        Filter("log_level", _selected(page, "Level", "40"), found, _selected(page, "Level", "10")),
        Filter("log_text", _typed(page, "Search the log", FOUND_TEXT), found, _typed(page, "Search the log", "")),
    ]


def _chosen(page: Page, menu: str, choice: str) -> Act:
    async def act() -> None:
        await page.get_by_role("button", name=menu, exact=True).click()
        await page.get_by_role("checkbox", name=choice, exact=True).click()

    return act


def _tagged(page: Page, tag: str) -> Act:
    async def act() -> None:
        await page.get_by_role("button", name="Tags", exact=True).click()
        await page.get_by_label("Tag that runs must have").fill(tag)
        await page.keyboard.press("Enter")

    return act


def _typed(page: Page, field: str, text: str) -> Act:
    return lambda: page.get_by_label(field, exact=True).fill(text)


def _selected(page: Page, field: str, value: str) -> Act:
    return lambda: page.get_by_label(field, exact=True).select_option(value)


def scrolls_of_runs(watched: Watched) -> Mapping[str, Act]:
    """Through the list of runs, down to pages that have to be read, and up again."""

    async def down() -> None:
        await watched.page.locator(".run-table").hover()
        await watched.wheel(_TURNS, down=_WHEEL_PX)

    async def up() -> None:
        await watched.wheel(_TURNS, down=-_WHEEL_PX)

    return {"runs_down": down, "runs_up": up}


def scrolls_of_timeline(watched: Watched) -> Mapping[str, Act]:
    """Through the task runs: down, zoomed in, moved, zoomed out, from key to key."""
    page = watched.page
    rows = page.locator(".timeline-rows")

    async def down() -> None:
        await rows.hover()
        await watched.wheel(_TURNS, down=_WHEEL_PX)

    async def zoom() -> None:
        await page.keyboard.down("Control")
        await watched.wheel(_TURNS, down=-_WHEEL_PX / 4)
        await page.keyboard.up("Control")

    async def pan() -> None:
        await watched.wheel(_TURNS, across=_WHEEL_PX / 4)
        await watched.wheel(_TURNS, across=-_WHEEL_PX / 4)

    async def drag() -> None:
        await page.locator(".minimap").scroll_into_view_if_needed()
        box = await page.locator(".minimap").bounding_box()
        if box is None:
            raise RuntimeError("the timeline has no small picture above its rows")
        x, y, width = box["x"], box["y"] + box["height"] / 2, box["width"]
        await page.mouse.move(x + width / 4, y)
        await page.mouse.down()
        await page.mouse.move(x + width / 2, y, steps=20)
        await page.mouse.up()
        await page.get_by_role("button", name="Show all").click()

    async def keys() -> None:
        await rows.focus()
        for key in ("End", "Home", "PageDown", "PageDown", "End", "Home"):
            await rows.press(key)
            await watched.settled()

    return {
        "timeline_down": down,
        "timeline_zoom": zoom,
        "timeline_pan": pan,
        "timeline_drag": drag,
        "timeline_keys": keys,
    }


def scrolls_of_log(watched: Watched) -> Mapping[str, Act]:
    """Through the log: up from its end over several pages, to its beginning, down, to its end, and what is found."""
    page = watched.page

    async def up() -> None:
        await page.locator(".log").hover()
        await watched.wheel(5 * _TURNS, down=-3 * _WHEEL_PX)

    async def beginning() -> None:
        await page.get_by_role("button", name="To the beginning").click()
        await page.get_by_text("line 0 ").first.wait_for()

    async def down() -> None:
        await page.locator(".log").hover()
        await watched.wheel(5 * _TURNS, down=3 * _WHEEL_PX)

    async def end() -> None:
        await page.get_by_role("button", name="To the end").click()
        await page.get_by_text(f"line {LINES - 1} ").first.wait_for()

    async def search() -> None:
        await page.get_by_label("Search the log").fill(FOUND_TEXT)
        await page.locator("mark").first.wait_for()
        await page.locator(".log").hover()
        await watched.wheel(_TURNS, down=-_WHEEL_PX)

    return {"log_up": up, "log_beginning": beginning, "log_down": down, "log_end": end, "log_search": search}
