"""What the screen says when a call is refused, is slow, or knows only a part."""

import json
import re
import struct
import time
import uuid
from collections.abc import Iterator
from dataclasses import dataclass

import pytest
from google.protobuf.duration_pb2 import Duration
from google.protobuf.message import Message
from google.protobuf.timestamp_pb2 import Timestamp
from playwright.sync_api import Page, Route, expect

from orch_proto.v1.flow_run_service_pb2 import CountFlowRunsResponse, FlowRunBucket, FlowRunCount
from orch_proto.v1.lease_pb2 import Lease
from orch_proto.v1.lease_service_pb2 import ReportRunsRequest, RunReport, StartFlowRunRequest
from orch_proto.v1.log_pb2 import LogRecord
from orch_proto.v1.log_service_pb2 import AppendLogsRequest
from orch_proto.v1.state_pb2 import State, StateType
from tests.e2e.web.screen import Screen, Seen, Stage

pytestmark = [pytest.mark.slow, pytest.mark.timeout(180)]
expect.set_options(timeout=45_000)

LOST = "The control plane does not answer."
END_OF_STREAM = 2
NOTED_BANNER = """addEventListener("DOMContentLoaded", () => new MutationObserver(() => {
    if (document.querySelector(".connection")) window.wasLost = true;
}).observe(document, { childList: true, subtree: true }));"""
"""Keeps whether the line at the top has been there, however shortly."""
HELD_LOG = """window.held = [];
const real = window.fetch;
window.asked = new Promise((asked) => {
    window.fetch = (input, init) => window.released || !String(input).includes("ListLogs")
        ? real(input, init)
        : new Promise((resolve) => { window.held.push(() => resolve(real(input, init))); asked(); });
});
Object.defineProperty(document, "hidden", { get: () => window.isHidden === true });
window.turn = (hidden) => { window.isHidden = hidden; document.dispatchEvent(new Event("visibilitychange")); };
"""
"""Holds the first reading of a log until it is released, in a tab that can be turned away."""


@pytest.fixture(autouse=True)
def tolerant(screens: Screen) -> None:
    """The browser itself writes down every call that fails."""
    screens.tolerated = re.compile("status of (429|500|504)")


def refuse(page: Page, method: str, status: int, code: str, message: str) -> None:
    """From now on, this method answers with this error, as a control plane does."""
    body = json.dumps({"code": code, "message": message})
    page.route(f"**/{method}", lambda route: route.fulfill(status=status, content_type="application/json", body=body))


def refuse_stream(page: Page, method: str, code: str, message: str) -> list[str]:
    """The same for a stream. Answers with the addresses that are asked for."""
    said = json.dumps({"error": {"code": code, "message": message}}).encode()
    asked: list[str] = []

    def answer(route: Route) -> None:
        asked.append(route.request.url)
        body = struct.pack(">BI", END_OF_STREAM, len(said)) + said
        route.fulfill(status=200, content_type="application/connect+proto", body=body)

    page.route(f"**/{method}", answer)
    return asked


def answer_with(page: Page, method: str, answer: Message) -> None:
    """From now on, this method answers with this."""
    body = answer.SerializeToString()
    page.route(f"**/{method}", lambda route: route.fulfill(content_type="application/proto", body=body))


@dataclass(frozen=True)
class LiveRun:
    """A run that goes on, and whose only line is "line 0"."""

    flow_run_id: str
    path: str


@pytest.fixture
def live_run(stage: Stage) -> Iterator[LiveRun]:
    """It ends when the test does."""
    flow_run_id = str(uuid.UUID(int=time.time_ns() // 10**6 << 80 | 0x7 << 76 | 0x8 << 60 | uuid.uuid4().int % 2**60))
    request = StartFlowRunRequest(flow_run_id=flow_run_id, flow_name="talk", name="talking", holder_name="a test")
    request.holder_id = str(uuid.uuid4())
    request.lease_ttl.CopyFrom(Duration(seconds=600))
    lease = stage.client.leases.StartFlowRun(request).lease
    append(stage, lease, "line 0")
    yield LiveRun(flow_run_id, f"/runs/{flow_run_id}")
    ended = State(type=StateType.STATE_TYPE_COMPLETED)
    report = RunReport(flow_run_id=flow_run_id, token=lease.token, sequence=1, state=ended)
    stage.client.leases.ReportRuns(ReportRunsRequest(reports=[report]))


def append(stage: Stage, lease: Lease, line: str) -> None:
    """One line to the log of a run."""
    records = [LogRecord(time=Timestamp(seconds=int(time.time())), message=line)]
    request = AppendLogsRequest(flow_run_id=lease.flow_run_id, token=lease.token, stream="run", records=records)
    stage.client.logs.AppendLogs(request)


def test_one_slow_method_is_no_lost_connection(seen: Seen) -> None:
    seen.page.add_init_script(NOTED_BANNER)
    refuse(seen.page, "CountFlowRuns", 504, "deadline_exceeded", "counting took too long")
    page = seen.go("/")
    expect(page.get_by_text("counting took too long")).to_be_visible()
    assert page.evaluate("window.wasLost") is None


def test_a_gateway_without_a_control_plane_is_a_lost_connection(seen: Seen) -> None:
    page = seen.go("/runs")
    page.route("**/orch.v1.*/*", lambda route: route.fulfill(status=504, content_type="text/html", body="<h1>504</h1>"))
    expect(page.get_by_text(LOST)).to_be_visible()
    page.unroute("**/orch.v1.*/*")
    expect(page.get_by_text(LOST)).to_have_count(0)


def test_a_log_that_is_refused_says_why(seen: Seen, live_run: LiveRun) -> None:
    seen.page.add_init_script(NOTED_BANNER)
    asked = refuse_stream(seen.page, "WatchLogs", "permission_denied", "this log is not for you")
    page = seen.go(live_run.path)
    expect(page.get_by_role("log")).to_contain_text("line 0")
    expect(page.get_by_text("this log is not for you")).to_be_visible()
    assert (page.evaluate("window.wasLost"), len(asked)) == (None, 1)
    page.unroute("**/WatchLogs")
    with page.expect_request("**/WatchLogs"):
        page.get_by_role("button", name="Try again").click()


def test_a_log_is_read_once_where_the_tab_is_turned_away_meanwhile(seen: Seen, live_run: LiveRun) -> None:
    seen.page.add_init_script(HELD_LOG)
    page = seen.go(live_run.path)
    page.evaluate("window.asked")
    page.evaluate("turn(true)")
    page.evaluate("turn(false)")
    with page.expect_request("**/WatchLogs"):
        page.evaluate("window.released = true; window.held.forEach((go) => go())")
    expect(page.get_by_text("1 line", exact=True)).to_be_visible()
    expect(page.get_by_role("log").locator(".log-line")).to_have_count(1)


def test_a_list_that_is_not_true_any_more_says_so(seen: Seen, live_run: LiveRun) -> None:
    page = seen.go("/runs?name=talking")
    expect(page.get_by_role("link", name="talking").first).to_be_visible()
    refuse(page, "ListFlowRuns", 500, "internal", "the disk is gone")
    expect(page.get_by_text("the disk is gone")).to_be_visible()
    expect(page.get_by_role("link", name="talking").first).to_be_visible()
    page.unroute("**/ListFlowRuns")
    expect(page.get_by_text("the disk is gone")).to_have_count(0)


@pytest.mark.parametrize(("status", "code"), [(500, "internal"), (429, "resource_exhausted")])
def test_task_runs_that_cannot_be_read_are_told(seen: Seen, live_run: LiveRun, status: int, code: str) -> None:
    refuse(seen.page, "ListTaskRuns", status, code, "nobody may see them")
    page = seen.go(live_run.path)
    expect(page.get_by_text("nobody may see them")).to_be_visible()
    expect(page.get_by_role("heading", level=1)).to_have_text("talking")


def test_counts_of_a_part_are_called_so(seen: Seen) -> None:
    now = int(time.time()) // 1800 * 1800
    failed = FlowRunCount(state_type=StateType.STATE_TYPE_FAILED, count=7)
    spans = [
        FlowRunBucket(start_time=Timestamp(seconds=now - 3600), end_time=Timestamp(seconds=now - 1800)),
        FlowRunBucket(start_time=Timestamp(seconds=now - 1800), end_time=Timestamp(seconds=now), counts=[failed]),
    ]
    counted = CountFlowRunsResponse(counts=[failed], total_count=7, truncated=True, buckets=spans)
    counted.complete_from_time.seconds = now - 1800
    answer_with(seen.page, "CountFlowRuns", counted)
    page = seen.go("/")
    expect(page.get_by_role("link", name=re.compile("≥ 7 .*failed"))).to_be_visible()
    chart = page.get_by_role("slider")
    chart.press("Home")
    expect(chart).to_have_attribute("aria-valuetext", re.compile(": not all are counted$"))
    chart.press("End")
    expect(chart).to_have_attribute("aria-valuetext", re.compile(": 7 failed$"))
