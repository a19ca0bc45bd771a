"""Every page of the screen: what it shows, in both themes, on a desk and on a phone, for everybody (WCAG AA)."""

import json
import re
from collections.abc import Iterator
from typing import NamedTuple

import pytest
from playwright.sync_api import Page, expect

from orch_proto.v1.flow_run_service_pb2 import CancelFlowRunRequest
from tests.e2e.web.screen import DESK, PHONE, Screen, Seen, Stage, Theme

pytestmark = [pytest.mark.slow, pytest.mark.timeout(180)]
expect.set_options(timeout=45_000)


class Place(NamedTuple):
    """A page: where it is, and what it says when all of it is there."""

    path: str
    says: str


@pytest.fixture(scope="package")
def places(stage: Stage) -> Iterator[dict[str, Place]]:
    """Every page, with something on it."""
    done = stage.until_ended(stage.create("catalogue", json.dumps({"pages": 30})))
    failed = stage.until_ended(stage.create("checked"))
    endless = stage.create("endless", name="long-runner")
    deployment = stage.deployment("catalogue").deployment_id
    yield {
        "overview": Place("/", "Workers"),
        "runs": Place("/runs", failed.name),
        "run": Place(f"/runs/{done.flow_run_id}", "one price of 30 pages is missing"),
        "failed-run": Place(f"/runs/{failed.flow_run_id}", "the totals do not add up"),
        "flows": Place("/flows", "catalogue"),
        "flow": Place("/flows/catalogue", "nightly"),
        "deployments": Place("/deployments", "30 2 * * *"),
        "deployment": Place(f"/deployments/{deployment}", "The newest missed time fires once"),
        "run-form": Place(f"/deployments/{deployment}/run", "timeout_seconds"),
        "schedules": Place("/schedules", "Europe/Berlin"),
        "pools": Place("/pools", "1 online"),
        "pool": Place("/pools/default", "long-runner"),
        "workers": Place("/workers", "ada"),
        "leases": Place("/leases", "running"),
        "nowhere": Place("/nowhere", "There is no such page."),
        "no-run": Place("/runs/01a20427-4fff-7000-a69b-3db582376012", "There is no such run."),
    }
    stage.client.flow_runs.CancelFlowRun(CancelFlowRunRequest(flow_run_id=endless.flow_run_id))
    stage.until_ended(endless)


PAGES = (
    *("overview", "runs", "run", "failed-run", "flows", "flow", "deployments", "deployment", "run-form", "schedules"),
    *("pools", "pool", "workers", "leases", "nowhere", "no-run"),
)
LOOKS: tuple[tuple[Theme, tuple[int, int]], ...] = (("light", DESK), ("dark", DESK), ("dark", PHONE))


@pytest.mark.parametrize("name", PAGES)
def test_a_page_can_be_used_by_everybody(name: str, places: dict[str, Place], screens: Screen, stage: Stage) -> None:
    screens.tolerated = re.compile("status of 404")
    seen = screens.open(stage.url)
    page = seen.go(places[name].path)
    for theme, size in LOOKS:
        seen.turn(theme, size)
        expect(page.get_by_text(places[name].says).first).to_be_attached()
        expect(page.locator("[aria-busy=true]")).to_have_count(0)
        assert seen.violations() == []
        assert seen.overflow() <= 0
        screens.keep(seen, f"-{theme}-{size[0]}", whole=True)


def test_a_theme_that_is_chosen_stays(seen: Seen) -> None:
    page = seen.go("/runs")
    page.get_by_label("Theme").select_option("dark")
    dark = background(page)
    page.reload()
    page.locator("h1").wait_for()
    assert background(page) == dark
    page.get_by_label("Theme").select_option("light")
    assert background(page) != dark


def background(page: Page) -> str:
    """The colour behind everything."""
    colour: str = page.evaluate("getComputedStyle(document.documentElement).backgroundColor")
    return colour


def test_keys_lead_everywhere(seen: Seen) -> None:
    page = seen.go("/")
    for key, path in (("r", "/runs"), ("d", "/deployments"), ("p", "/pools"), ("o", "/")):
        page.keyboard.press("g")
        page.keyboard.press(key)
        expect(page).to_have_url(f"{seen.url}{path}")
    page.keyboard.press("g")
    page.keyboard.press("r")
    page.keyboard.press("/")
    page.keyboard.type("gr?")
    expect(page.get_by_label("Name begins with")).to_have_value("gr?")


def test_the_first_tab_skips_the_navigation(seen: Seen) -> None:
    page = seen.go("/workers")
    page.evaluate("document.activeElement.blur()")
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Skip to content")).to_be_focused()


def test_the_menu_opens_on_a_phone(screens: Screen, stage: Stage) -> None:
    seen = screens.open(stage.url, size=PHONE)
    page = seen.go("/runs")
    expect(page.get_by_role("link", name="Work pools")).to_be_hidden()
    page.get_by_role("button", name="Menu").click()
    page.get_by_role("link", name="Work pools").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Work pools")
    expect(page.get_by_role("link", name="Leases")).to_be_hidden()


def test_times_are_told_with_their_zone(seen: Seen, stage: Stage) -> None:
    page = seen.go(f"/deployments/{stage.deployment('catalogue').deployment_id}")
    page.get_by_role("button", name="Next times").click()
    times = page.get_by_role("dialog").get_by_role("listitem")
    expect(times).to_have_count(20)
    expect(times.first).to_contain_text("02:30:00")
    expect(page.get_by_role("dialog")).to_contain_text("Europe/Berlin")


def test_a_schedule_is_paused_and_goes_on(seen: Seen, stage: Stage) -> None:
    page = seen.go("/schedules")
    page.get_by_role("button", name="Pause night").click()
    expect(page.get_by_role("row", name=re.compile("night")).get_by_text("paused")).to_be_visible()
    page.get_by_role("button", name="Resume night").click()
    expect(page.get_by_role("row", name=re.compile("night")).get_by_text("paused")).to_have_count(0)


def test_a_pool_that_is_paused_is_why_a_run_waits(seen: Seen, stage: Stage) -> None:
    page = seen.go("/pools/default")
    page.get_by_role("button", name="Pause", exact=True).first.click()
    expect(page.get_by_role("button", name="Resume", exact=True)).to_be_visible()
    try:
        run = stage.create("catalogue", json.dumps({"pages": 1}))
        page.goto(f"{stage.url}/runs/{run.flow_run_id}")
        expect(page.get_by_text("The work pool default is paused: it starts nothing.")).to_be_visible()
    finally:
        page.goto(f"{stage.url}/pools/default")
        page.get_by_role("button", name="Resume", exact=True).click()
        expect(page.get_by_role("button", name="Resume", exact=True)).to_have_count(0)
    stage.until_ended(run)
