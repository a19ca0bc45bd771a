"""The screen with a lot on it: what is drawn is what is in sight."""

import re
import time
import uuid

import pytest
from google.protobuf.duration_pb2 import Duration
from google.protobuf.timestamp_pb2 import Timestamp
from playwright.sync_api import expect

from orch_client import Client
from orch_proto.v1.flow_run_service_pb2 import BatchCreateFlowRunsRequest, CreateFlowRunRequest
from orch_proto.v1.lease_pb2 import Lease
from orch_proto.v1.lease_service_pb2 import ReportRunsRequest, RunReport, StartFlowRunRequest
from orch_proto.v1.log_pb2 import LogRecord
from orch_proto.v1.log_service_pb2 import AppendLogsRequest
from orch_proto.v1.state_pb2 import State, StateChange, StateType
from orch_proto.v1.task_run_pb2 import TaskRun
from orch_proto.v1.task_run_service_pb2 import ReportTaskRunsRequest, TaskRunReport
from tests.e2e.web.screen import Seen, Stage

pytestmark = [pytest.mark.slow, pytest.mark.timeout(240)]
expect.set_options(timeout=45_000)

TASKS = 10_000
LINES = 30_000
AT_ONCE = 50
BEGIN = int(time.time())
MOST_DRAWN = 150


def moment(milliseconds: int) -> Timestamp:
    """So long after all began."""
    return Timestamp(seconds=BEGIN + milliseconds // 1000, nanos=milliseconds % 1000 * 1_000_000)


def mapped(number: int, flow_run_id: str) -> TaskRunReport:
    """One of many task runs, 50 side by side, each 200 ms long."""
    start = number // AT_ONCE * 200 + number % AT_ONCE * 3
    state = State(type=StateType.STATE_TYPE_COMPLETED, state_time=moment(start + 200))
    task = TaskRun(
        task_run_id=str(uuid.UUID(int=(BEGIN * 1000 + number) << 80 | 0x7 << 76 | 0x8 << 60 | number)),
        flow_run_id=flow_run_id,
        name=f"crunch-{number}",
        task_key="numbers.crunch",
        dynamic_key=str(number),
        state=state,
        attempt=1,
        create_time=moment(0),
        start_time=moment(start),
        end_time=moment(start + 200),
        version=1,
    )
    return TaskRunReport(task_run=task, changes=[StateChange(version=1, state=state)])


@pytest.fixture(scope="module")
def large(stage: Stage) -> str:
    """The id of a run with 10 000 task runs and 30 000 lines."""
    client = stage.client
    started = client.leases.StartFlowRun(
        StartFlowRunRequest(
            flow_run_id=str(uuid.UUID(int=BEGIN * 1000 << 80 | 0x7 << 76 | 0x8 << 60 | uuid.uuid4().int % 2**60)),
            flow_name="numbers",
            name="many-numbers",
            holder_id=str(uuid.uuid4()),
            holder_name="a test",
            lease_ttl=Duration(seconds=600),
        )
    ).lease
    for first in range(0, TASKS, 5000):
        reports = [mapped(number, started.flow_run_id) for number in range(first, first + 5000)]
        request = ReportTaskRunsRequest(flow_run_id=started.flow_run_id, token=started.token, reports=reports)
        client.task_runs.ReportTaskRuns(request)
    for first in range(0, LINES, 10_000):
        append_lines(client, started, first)
    ended = State(type=StateType.STATE_TYPE_COMPLETED)
    report = RunReport(flow_run_id=started.flow_run_id, token=started.token, sequence=1, state=ended)
    client.leases.ReportRuns(ReportRunsRequest(reports=[report]))
    return started.flow_run_id


def append_lines(client: Client, lease: Lease, first: int) -> None:
    """Ten thousand lines from this one on."""
    records = [LogRecord(time=moment(number), message=f"line {number}") for number in range(first, first + 10_000)]
    client.logs.AppendLogs(
        AppendLogsRequest(flow_run_id=lease.flow_run_id, token=lease.token, stream="run", offset=first, records=records)
    )


def test_a_timeline_of_ten_thousand_tasks_draws_those_in_sight(seen: Seen, large: str) -> None:
    page = seen.go(f"/runs/{large}")
    rows = page.get_by_role("listbox", name=f"Task runs, {TASKS}")
    expect(rows).to_be_visible()
    expect(rows.get_by_role("option", name=re.compile("^crunch-0 "))).to_be_visible()
    assert rows.get_by_role("option").count() < MOST_DRAWN

    rows.focus()
    page.keyboard.press("End")
    expect(rows.get_by_role("option", selected=True)).to_have_attribute("aria-posinset", str(TASKS))
    expect(page).to_have_url(re.compile("task="))
    assert rows.get_by_role("option").count() < MOST_DRAWN

    page.get_by_role("button", name="Zoom in").click()
    expect(page.get_by_role("button", name="Zoom out")).to_be_enabled()
    page.get_by_label("Find a task").fill("crunch-777")
    expect(page.get_by_role("listbox", name="Task runs, 11")).to_be_visible()


def test_a_long_log_opens_at_its_end_and_leads_to_its_beginning(seen: Seen, large: str) -> None:
    page = seen.go(f"/runs/{large}")
    log = page.get_by_role("log")
    expect(log).to_contain_text(f"line {LINES - 1}")
    assert log.locator(".log-line").count() < MOST_DRAWN
    page.get_by_role("button", name="To the beginning").click()
    expect(log.get_by_text("line 0", exact=True)).to_be_visible()
    page.get_by_role("button", name="To the end").click()
    expect(log).to_contain_text(f"line {LINES - 1}")


def test_a_long_log_goes_on_as_it_is_scrolled(seen: Seen, large: str) -> None:
    page = seen.go(f"/runs/{large}")
    log = page.get_by_role("log")
    expect(log).to_contain_text(f"line {LINES - 1}")
    expect(page.get_by_text("The last 500 lines")).to_be_visible()
    log.evaluate("(element) => { element.scrollTop = 0; }")
    expect(page.get_by_text("The last 2,500 lines")).to_be_visible()
    # What was in sight is still there: the lines came above it.
    expect(log.get_by_text(f"line {LINES - 500}", exact=True)).to_be_visible()


@pytest.fixture(scope="module")
def crowd(stage: Stage) -> str:
    """The beginning of the names of a thousand runs that wait."""
    name = uuid.uuid4().hex[:8]
    far = Timestamp(seconds=BEGIN + 10**9)
    wishes = [
        CreateFlowRunRequest(flow_name="numbers", name=f"{name}-{one}", scheduled_time=far) for one in range(1000)
    ]
    stage.client.flow_runs.BatchCreateFlowRuns(BatchCreateFlowRunsRequest(requests=wishes))
    return name


def test_a_list_of_a_thousand_runs_comes_as_it_is_scrolled(seen: Seen, crowd: str) -> None:
    page = seen.go(f"/runs?name={crowd}")
    rows = page.get_by_role("row", name=re.compile(crowd))
    expect(rows.first).to_be_visible()
    for shown in (200, 300, 400):
        page.get_by_text(re.compile("The newest .* are shown")).scroll_into_view_if_needed()
        expect(
            page.get_by_text(re.compile(rf"The newest ({shown}|[4-9]00|1,000) are shown|1,000 in all"))
        ).to_be_attached()
        assert rows.count() < MOST_DRAWN
