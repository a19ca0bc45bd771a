"""What people do with runs on the screen."""

import json
import re
from pathlib import Path
from uuid import uuid4

import pytest
from playwright.sync_api import Request, expect

from tests.e2e.web.conftest import KEY
from tests.e2e.web.screen import NAMED, Screen, Seen, Stage
from tests.support.started_server import StartedServer

pytestmark = [pytest.mark.slow, pytest.mark.timeout(180)]
expect.set_options(timeout=45_000)


def test_a_flow_is_run_with_its_form_and_watched_to_its_end(seen: Seen, stage: Stage, tmp_path: Path) -> None:
    gate = tmp_path / "gate"
    page = seen.go("/deployments")
    page.get_by_role("row", name=re.compile("catalogue")).get_by_role("link", name="Run").click()
    page.get_by_role("textbox", name="pages").fill("4")
    page.get_by_label("mode").select_option("full")
    page.get_by_label("url").fill("https://other.example")
    page.get_by_label("gate").fill(str(gate))
    page.get_by_role("button", name="Run", exact=True).click()

    expect(page).to_have_url(re.compile("/runs/"))
    expect(page.locator(".page-head .state")).to_have_text("Running")
    expect(page.get_by_role("log")).to_contain_text("before the gate")
    said = "full load of 2026-11-22 from https://other.example for ['eu']: None"
    expect(page.get_by_role("log")).to_contain_text(said)
    expect(page.get_by_role("option", name=re.compile("^extract"))).to_have_count(4)
    expect(page.get_by_text("Live", exact=True)).to_be_visible()

    gate.touch()
    expect(page.locator(".page-head .state")).to_have_text("Completed")
    expect(page.get_by_role("log")).to_contain_text("one price of 4 pages is missing")
    expect(page.get_by_role("option", name=re.compile("load"))).to_have_count(1)
    expect(page.get_by_role("region", name="Result").last).to_contain_text('"total": 6')
    expect(page.get_by_text("Live", exact=True)).to_have_count(0)


def test_a_wrong_parameter_is_told_at_its_field(seen: Seen, stage: Stage) -> None:
    page = seen.go(f"/deployments/{stage.deployment('catalogue').deployment_id}/run")
    page.get_by_role("textbox", name="pages").fill("many")
    page.get_by_role("button", name="Run", exact=True).click()
    field = page.locator(".field", has=page.get_by_role("textbox", name="pages"))
    expect(field.get_by_role("alert")).to_contain_text("many")
    expect(page.get_by_text("The run was not created.")).to_be_visible()
    assert page.url.endswith("/run")


def test_a_run_is_run_again_with_its_parameters(seen: Seen, stage: Stage) -> None:
    first = stage.until_ended(stage.create("catalogue", json.dumps({"pages": 2, "note": "from before"})))
    page = seen.go(f"/runs/{first.flow_run_id}")
    page.get_by_role("link", name="Run again").click()
    expect(page.get_by_role("textbox", name="pages")).to_have_value("2")
    page.get_by_role("textbox", name="pages").fill("3")
    page.get_by_role("button", name="Run", exact=True).click()
    expect(page.locator(".page-head .state")).to_have_text("Completed")
    expect(page.get_by_role("log")).to_contain_text("from before")
    expect(page.get_by_role("region", name="Parameters").last).to_contain_text('"pages": 3')


def test_a_run_is_cancelled_with_a_reason(seen: Seen, stage: Stage) -> None:
    run = stage.create("endless")
    page = seen.go(f"/runs/{run.flow_run_id}")
    expect(page.get_by_role("log")).to_contain_text("going on")
    page.get_by_role("button", name="Cancel").click()
    page.get_by_label("Why (optional)").fill("nobody waits for it")
    page.get_by_role("button", name="Cancel the run").click()
    expect(page.locator(".page-head .state")).to_have_text("Cancelled")
    expect(page.get_by_label("Details").get_by_text("nobody waits for it").first).to_be_visible()


def test_a_failed_run_says_why_and_is_retried(seen: Seen, stage: Stage, tmp_path: Path) -> None:
    proof = tmp_path / "proof"
    run = stage.until_ended(stage.create("checked", json.dumps({"proof": str(proof)})))
    page = seen.go(f"/runs/{run.flow_run_id}")
    expect(page.locator(".notice").first).to_contain_text("ValueError: the totals do not add up: 1241 <> 1214")
    page.get_by_text("Traceback", exact=True).click()
    expect(page.locator(".notice pre")).to_contain_text("raise ValueError")

    proof.touch()
    asked: list[Request] = []
    page.on("request", lambda request: asked.append(request) if "RetryFlowRun" in request.url else None)
    page.get_by_role("button", name="Retry").click()
    page.get_by_role("dialog").get_by_role("button", name="Retry").evaluate("(it) => { it.click(); it.click(); }")
    expect(page.locator(".page-head .state")).to_have_text("Completed")
    expect(page.locator(".strip")).to_contain_text("Attempt2")
    expect(page.get_by_role("log")).to_contain_text("Completed in")
    assert len(asked) == 1


def test_a_run_is_rerun_from_a_task(seen: Seen, stage: Stage) -> None:
    run = stage.until_ended(stage.create("catalogue", json.dumps({"pages": 2})))
    page = seen.go(f"/runs/{run.flow_run_id}")
    page.get_by_role("option", name=re.compile("load")).click()
    page.get_by_role("button", name="Rerun from here").click()
    page.get_by_role("button", name="Rerun from here").last.click()
    expect(page.locator(".strip")).to_contain_text("Attempt2")
    expect(page.locator(".page-head .state")).to_have_text("Completed")
    expect(page.get_by_text("superseded by a rerun")).to_be_visible()


def test_the_log_is_searched_filtered_and_downloaded(seen: Seen, stage: Stage) -> None:
    run = stage.until_ended(stage.create("catalogue", json.dumps({"pages": 12})))
    page = seen.go(f"/runs/{run.flow_run_id}")
    log = page.get_by_role("log")
    expect(log).to_contain_text("page 11 is read")

    page.get_by_label("Search the log").fill("PAGE 7 is")
    expect(log.locator(".log-line")).to_have_count(1)
    expect(log.locator("mark")).to_have_text("page 7 is")
    page.get_by_label("Search the log").fill("")
    page.get_by_label("Level").select_option(label="Warning and above")
    expect(log.locator(".log-line")).to_have_count(1)
    expect(log).to_contain_text("one price of 12 pages is missing")
    page.get_by_label("Level").select_option(label="All levels")

    log.get_by_role("button", name=re.compile("^extract-3")).click()
    page.get_by_role("button", name="Its log only").click()
    expect(log.locator(".log-line")).to_have_count(1)
    page.get_by_role("button", name="Show the lines of all tasks").click()

    with page.expect_download() as started:
        page.get_by_role("button", name="Download the log").click()
    content = Path(started.value.path()).read_text()
    assert started.value.suggested_filename == f"{run.name}.log"
    assert all(f"page {number} is read" in content for number in range(12))
    assert "WARNING" in content


def test_what_is_searched_for_in_a_log_is_found_in_the_next_attempt_too(
    seen: Seen, stage: Stage, tmp_path: Path
) -> None:
    proof = tmp_path / "proof"
    parameters = json.dumps({"proof": str(proof), "note": "the till"})
    run = stage.until_ended(stage.create("checked", parameters))
    page = seen.go(f"/runs/{run.flow_run_id}")
    log = page.get_by_role("log")
    expect(log).to_contain_text("checking the till")
    page.get_by_label("Search the log").fill("checking the")
    expect(log.locator(".log-line")).to_have_count(1)

    proof.touch()
    page.get_by_role("button", name="Retry").click()
    page.get_by_role("dialog").get_by_role("button", name="Retry").click()
    expect(page.locator(".strip")).to_contain_text("Attempt2")
    expect(log.locator(".log-line")).to_have_count(2)
    expect(log.locator("mark")).to_have_text(["checking the", "checking the"])
    expect(page.locator(".page-head .state")).to_have_text("Completed")
    page.get_by_label("Search the log").fill("is no word of it")
    expect(page.get_by_text("No line fits.", exact=True)).to_be_visible()
    page.get_by_label("Search the log").fill("")
    expect(page.get_by_role("log")).to_contain_text("Completed in")


def test_runs_are_filtered_in_the_address_bar(seen: Seen, stage: Stage) -> None:
    name = uuid4().hex[:8]
    bad = stage.until_ended(stage.create("checked", name=f"{name}-bad"))
    good = stage.until_ended(stage.create("catalogue", json.dumps({"pages": 1}), name=f"{name}-good"))
    page = seen.go("/runs")
    page.get_by_label("Name begins with").fill(name)
    expect(page).to_have_url(re.compile(f"name={name}"))
    expect(page.get_by_text("2 in all.")).to_be_visible()
    page.get_by_role("button", name="State").click()
    page.get_by_label("Failed", exact=True).check()
    expect(page.get_by_text("1 in all.")).to_be_visible()
    expect(page).to_have_url(re.compile(f"name={name}.*state=failed"))
    expect(page.get_by_role("link", name=bad.name)).to_be_visible()
    expect(page.get_by_role("link", name=good.name)).to_have_count(0)

    page.reload()
    expect(page.get_by_text("1 in all.")).to_be_visible()
    page.get_by_role("button", name="Clear").click()
    expect(page.get_by_role("link", name=good.name)).to_be_visible()


def test_a_list_of_runs_is_live(seen: Seen, stage: Stage) -> None:
    name = uuid4().hex[:8]
    page = seen.go(f"/runs?name={name}")
    expect(page.get_by_text("No run fits this filter.")).to_be_visible()
    run = stage.create("catalogue", json.dumps({"pages": 1}), name=f"{name}-new")
    expect(page.get_by_role("row", name=re.compile(run.name)).get_by_text("Completed")).to_be_visible()


def test_many_runs_are_deleted_at_once(seen: Seen, stage: Stage) -> None:
    name = uuid4().hex[:8]
    for number in range(3):
        stage.until_ended(stage.create("checked", name=f"{name}-{number}"))
    page = seen.go(f"/runs?name={name}")
    page.get_by_label("Choose all shown").check()
    expect(page.get_by_text("3 runs chosen")).to_be_visible()
    page.get_by_role("region", name="Chosen runs").get_by_role("button", name="Delete").click()
    page.get_by_role("button", name="Delete 3 runs").click()
    expect(page.get_by_text("Deleted: 3 runs.")).to_be_visible()
    expect(page.get_by_text("No run fits this filter.")).to_be_visible()


def test_what_users_write_is_shown_as_text(seen: Seen, stage: Stage) -> None:
    markup = "<img src=x onerror=window.hurt=1><script>window.hurt=1</script>"
    parameters = json.dumps({"note": f"{markup} \u001b[31mred\u001b[0m \u0007 \u202edlrow", "proof": markup})
    run = stage.until_ended(stage.create("checked", parameters, name=f"{markup} \u202edlrow"))
    page = seen.go(f"/runs/{run.flow_run_id}")
    expect(page.get_by_role("heading", level=1)).to_have_text(f"{markup} \ufffddlrow")
    expect(page.get_by_role("log")).to_contain_text(f"checking {markup} red \u2407 \ufffddlrow")
    with page.expect_download() as started:
        page.get_by_role("button", name="Download the log").click()
    assert f"checking {markup} red \u2407 \ufffddlrow\n" in Path(started.value.path()).read_text()
    page.goto(f"{stage.url}/runs?name=%3Cimg")
    expect(page.get_by_role("link", name=f"{markup} \ufffddlrow")).to_be_visible()
    assert page.evaluate("window.hurt") is None


def test_a_run_whose_name_is_a_path_is_a_run_like_others(seen: Seen, stage: Stage) -> None:
    run = stage.until_ended(stage.create("checked", name="../.."))
    page = seen.go("/runs?name=..")
    page.get_by_role("link", name="../..").click()
    expect(page).to_have_url(f"{stage.url}/runs/{run.flow_run_id}")
    expect(page.get_by_role("heading", level=1)).to_have_text("../..")
    expect(page.get_by_role("log")).to_contain_text("checking")
    with page.expect_download() as started:
        page.get_by_role("button", name="Download the log").click()
    assert started.value.suggested_filename == "_.log"


def test_a_lost_connection_is_shown_and_heals(seen: Seen, stage: Stage) -> None:
    name = uuid4().hex[:8]
    page = seen.go(f"/runs?name={name}")
    expect(page.get_by_text("No run fits this filter.")).to_be_visible()
    page.context.set_offline(True)
    expect(page.get_by_text("The control plane does not answer.")).to_be_visible()
    run = stage.create("catalogue", json.dumps({"pages": 1}), name=f"{name}-meanwhile")
    page.context.set_offline(False)
    expect(page.get_by_role("link", name=run.name)).to_be_visible()
    expect(page.get_by_text("The control plane does not answer.")).to_have_count(0)


def test_a_live_log_goes_on_where_the_connection_broke(seen: Seen, stage: Stage, tmp_path: Path) -> None:
    gate = tmp_path / "gate"
    run = stage.create("catalogue", json.dumps({"pages": 2, "gate": str(gate)}))
    page = seen.go(f"/runs/{run.flow_run_id}")
    expect(page.get_by_role("log")).to_contain_text("before the gate")
    page.context.set_offline(True)
    expect(page.get_by_text("The control plane does not answer.")).to_be_visible()
    gate.touch()
    stage.until_ended(run)
    page.context.set_offline(False)
    expect(page.locator(".page-head .state")).to_have_text("Completed")
    expect(page.get_by_role("log")).to_contain_text("one price of 2 pages is missing")
    expect(page.get_by_role("log").get_by_text("before the gate")).to_have_count(1)


@pytest.mark.parametrize("host", ["127.0.0.1", NAMED])
def test_login_leads_back_to_where_one_was(screens: Screen, locked_server: StartedServer, host: str) -> None:
    """Also where a browser does not trust the address, and says less of itself."""
    seen = screens.open(locked_server.http_url.replace("127.0.0.1", host))
    page = seen.page
    page.goto(f"{seen.url}/runs?state=failed")
    expect(page).to_have_url(re.compile("/login"))
    page.locator("input[type=password]").fill(KEY)
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile(r"/runs\?state=failed"))
    expect(page.get_by_text("No run fits this filter.")).to_be_visible()
    page.get_by_role("button", name="Sign out").click()
    expect(page).to_have_url(re.compile("/login"))
    page.goto(f"{seen.url}/runs")
    expect(page).to_have_url(re.compile("/login"))
