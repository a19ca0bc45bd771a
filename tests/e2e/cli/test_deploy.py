"""`orch deploy`, against a real control plane."""

import json
from itertools import count
from pathlib import Path
from textwrap import dedent

import pytest

from orch_client import Client
from orch_proto.v1.deployment_pb2 import Deployment
from orch_proto.v1.deployment_service_pb2 import GetDeploymentRequest, ListDeploymentsRequest
from orch_proto.v1.schedule_pb2 import Schedule
from orch_proto.v1.schedule_service_pb2 import ListSchedulesRequest
from tests.e2e.orch_command import Orch
from tests.support.invoked_command import InvokedOrch, Said

_numbers = count()
FLOWS = """
    from orch import flow

    @flow(tags=["etl"])
    def {name}(day: str, limit: int = 10, zip_code: str | None = None) -> None:
        "Loads a day."
"""


class Project:
    """A folder with one flow of its own, in which `orch deploy` is typed."""

    def __init__(self, folder: Path, client: Client) -> None:
        self.flow = f"load_{next(_numbers)}"
        self.file = f"{self.flow}_flows.py"
        self.entrypoint = f"{self.file}:{self.flow}"
        self.folder = folder
        self._client = client
        self._orch = InvokedOrch(folder / "home", client.settings.url)
        (folder / self.file).write_text(dedent(FLOWS).format(name=self.flow))

    def __call__(self, *arguments: str) -> Said:
        """Type it."""
        return self._orch("deploy", *arguments)

    def deployment(self, name: str = "x", flow: str = "") -> Deployment:
        """What the control plane has."""
        request = GetDeploymentRequest(flow_name=flow or self.flow.replace("_", "-"), name=name)
        return self._client.deployments.GetDeployment(request).deployment

    def schedules(self, name: str = "x") -> list[Schedule]:
        """Its schedules, oldest first."""
        request = ListSchedulesRequest(deployment_id=self.deployment(name).deployment_id)
        return list(self._client.items(self._client.schedules.ListSchedules, request, of=Schedule))[::-1]


@pytest.fixture
def project(tmp_path: Path, client: Client, monkeypatch: pytest.MonkeyPatch) -> Project:
    """The folder, in which we are."""
    monkeypatch.chdir(tmp_path)
    return Project(tmp_path, client)


def test_a_flow_is_deployed_as_the_command_line_says(project: Project) -> None:
    done = project(
        *(project.entrypoint, "--name", "x", "--yes", "--description", "Mine.", "--tag", "b"),
        *("-p", "day=2026-01-02", "-p", "zip_code=01234", "-p", "limit=3"),
        *("--cron", "0 2 * * *", "--interval", "15m", "--time-zone", "Europe/Berlin", "--overlap", "skip"),
        *("--catch-up", "all", "--catch-up-window", "2d", "--jitter", "1m"),
        *("--concurrency-limit", "2", "--at-limit", "cancel_oldest", "--retries", "2", "--retry-delay", "10s"),
        *("-j", "limits.memory_mb=512", "-j", "working_dir=/srv", "--env", "A=1"),
    )

    assert done.code == 0, done.errors
    deployment = project.deployment()
    assert json.loads(deployment.parameters_json) == {"day": "2026-01-02", "zip_code": "01234", "limit": 3}
    assert deployment.launch_spec.entrypoint == project.entrypoint
    assert json.loads(deployment.launch_spec.pull_steps_json) == [{"step": "local", "path": str(project.folder)}]
    assert json.loads(deployment.launch_spec.job_variables_json) == {
        "limits": {"memory_mb": 512},
        "working_dir": "/srv",
        "env": {"A": "1"},
    }
    assert (deployment.description, list(deployment.tags)) == ("Mine.", ["b", "etl"])
    assert (deployment.concurrency_limit, deployment.retry_policy.max_retries) == (2, 2)
    cron, interval = project.schedules()
    assert cron.cron.time_zone == interval.interval.time_zone == "Europe/Berlin"
    assert interval.interval.interval.ToTimedelta().total_seconds() == 900
    assert cron.jitter.ToTimedelta().total_seconds() == 60


def test_what_will_change_is_shown_and_nothing_is_asked_where_nothing_changes(project: Project) -> None:
    first = project(project.file, "-n", "x", "-p", "day=today", "--yes")
    again = project(project.file, "-n", "x", "-p", "day=today")
    other = project(project.file, "-n", "x", "-p", "day=tomorrow", "--yes")

    slug = f"{project.flow.replace('_', '-')}/x"
    assert first.lines[0] == f"{slug}: new"
    assert f"  + entrypoint        {project.entrypoint}" in first.lines
    assert f"{slug} is deployed, version 1." in first.errors
    assert "orch worker start --pool default" in first.errors
    assert (again.code, again.lines) == (0, [f"{slug}: unchanged"])
    assert other.lines == [f"{slug}: changes, version 2", '  ~ parameters  {"day": "today"} → {"day": "tomorrow"}']


def test_a_dry_run_changes_nothing(project: Project, client: Client) -> None:
    done = project(project.entrypoint, "-n", "dry", "-p", "day=today", "--dry-run")

    assert done.code == 0
    assert done.lines[0].endswith("/dry: new")
    names = {each.name for each in client.deployments.ListDeployments(ListDeploymentsRequest()).deployments}
    assert "dry" not in names


def test_where_nobody_can_be_asked_it_takes_a_yes(project: Project, client: Client) -> None:
    done = project(project.entrypoint, "-n", "unasked", "-p", "day=today")

    assert done.code == 2
    assert "pass --yes" in done.errors
    names = {each.name for each in client.deployments.ListDeployments(ListDeploymentsRequest()).deployments}
    assert "unasked" not in names


@pytest.mark.parametrize(("answer", "code"), [("y\n", 0), ("n\n", 1)])
def test_at_a_terminal_it_asks(project: Project, client: Client, answer: str, code: int) -> None:
    orch = Orch(project.folder, client.settings.url)

    done = orch.at_terminal("deploy", project.entrypoint, "-n", "x", "-p", "day=t", keys=answer, after="Deploy?")

    assert done.code == code, done.out
    assert "\x1b[32m" not in done.out, "NO_COLOR is set"
    assert ("is deployed" in done.out) is (code == 0)


def test_a_program_is_told_in_json(project: Project) -> None:
    planned = project(project.entrypoint, "-n", "x", "-p", "day=t", "--cron", "@daily", "--dry-run", "-o", "json")
    done = project(project.entrypoint, "-n", "x", "-p", "day=t", "--cron", "@daily", "--yes", "-o", "json")
    only_ids = project(project.entrypoint, "-n", "x", "-p", "day=u", "--yes", "-o", "id")

    (before,), (after,) = planned.document, done.document
    assert (before["action"], before["applied"], before["deployment_id"]) == ("create", False, "")
    assert (after["action"], after["applied"], after["version"]) == ("create", True, 1)
    assert after["deployment_id"] == project.deployment().deployment_id == only_ids.out.strip()
    (schedule,) = after["schedules"]
    assert len(schedule["next_times"]) == 3


def test_a_schedule_whose_times_have_passed_is_told(project: Project) -> None:
    done = project(
        project.entrypoint, "-n", "past", "-p", "day=t", "--rrule", "FREQ=DAILY;UNTIL=20200101T000000Z", "-y"
    )

    assert done.code == 0, done.errors
    assert "next: never" in done.out


def test_a_command_is_deployed(project: Project) -> None:
    name = project.flow

    done = project("--command", 'node report.js --title "a b"', "--name", name, "--crash-restarts", "3", "--yes")

    assert done.code == 0, done.errors
    deployment = project.deployment(name, flow=name)
    assert list(deployment.launch_spec.command) == ["node", "report.js", "--title", "a b"]
    assert deployment.recovery_policy.crash_restarts == 3


def test_code_may_come_from_git(project: Project) -> None:
    done = project(
        *(project.entrypoint, "-n", "x", "-p", "day=t", "--yes", "--git", "https://example.com/flows.git"),
        *("--branch", "main", "--credential", "GIT_TOKEN", "--requirements", "requirements.txt"),
    )

    assert done.code == 0, done.errors
    assert json.loads(project.deployment().launch_spec.pull_steps_json) == [
        {"step": "git", "url": "https://example.com/flows.git", "branch": "main", "credential": "GIT_TOKEN"},
        {"step": "install", "requirements": "requirements.txt"},
    ]


def test_schedules_stay_until_they_are_deleted(project: Project) -> None:
    project(project.entrypoint, "-n", "x", "-p", "day=t", "--cron", "@daily", "--yes")

    silent = project(project.entrypoint, "-n", "x", "-p", "day=u", "--yes")
    assert "stays" in silent.out
    assert len(project.schedules()) == 1

    project(project.entrypoint, "-n", "x", "-p", "day=u", "--no-schedules", "--yes")
    assert project.schedules() == []


@pytest.mark.parametrize(
    ("arguments", "code", "says"),
    [
        ((), 2, "no orch.yaml in"),
        (("-f", "gone.yaml"), 2, "There is no gone.yaml"),
        (("{file}:{flow}",), 2, "--name nightly"),
        (("{file}:{flow}", "-n", "x", "-n", "y"), 2, "--name is given 2 times"),
        (("{file}:{flow}", "-n", "x", "-j", "env=5", "--env", "A=1"), 2, "--job-variable env is no object"),
        (("{file}:{flow}", "-n", "x", "-j", "isolatoin=fresh"), 2, "isolatoin is not known"),
        (("{file}:{flow}", "-n", "x", "-j", "limits.memory_mb=much"), 2, "limits.memory_mb is 'much'"),
        (("{file}:{flow}", "-n", "x", "--requirements", "gone.txt"), 2, "There is no file gone.txt in"),
        (("{file}:{flow}", "-n", "x/y"), 2, 'A deployment\'s name has no "/" in it'),
        (("{file}:nope", "-n", "x"), 2, "there is no 'nope'. Its flows are {flow}"),
        (("gone.py:x", "-n", "x"), 2, "gone.py does not exist"),
        (("no_such_module_here:x", "-n", "x"), 2, "there is no module 'no_such_module_here'"),
        (("{file}:{flow}", "-n", "x", "--pool", "nope"), 2, "orch work-pool create nope"),
        (("{file}:{flow}", "-n", "x", "--cron", "61 * * * *", "-p", "day=t"), 2, "bad minute field '61'"),
        (("{file}:{flow}", "-n", "x", "--cron", "@daily"), 2, "needs 'day', and a schedule has nobody to ask"),
        (("{file}:{flow}", "-n", "x", "-p", "dya=1"), 2, "Did you mean 'day'?"),
        (("{file}:{flow}", "-n", "x", "-p", "limit=few"), 2, "limit: Input should be a valid integer"),
        (("{file}:{flow}", "-n", "x", "--overlap", "skip"), 2, "--overlap is for schedules"),
        (("{file}:{flow}", "-n", "x", "--branch", "main"), 2, "give --git URL"),
        (("{file}:{flow}", "-n", "x", "--git", "-x"), 2, "not an address of a repository"),
        (("{file}:{flow}", "-n", "x", "--git", "u", "--no-pull"), 2, "say different things"),
        (("{file}:{flow}", "-n", "x", "--cron", "@daily", "--no-schedules"), 2, "--no-schedules"),
        (("{file}:{flow}", "-n", "x", "--interval", "soon"), 2, "interval: it is 'soon'"),
        (("{file}:{flow}", "-n", "x", "--command", "ls"), 2, "an entrypoint and a command"),
        (("{file}:{flow}", "-n", "x", "--all"), 2, "orch.yaml"),
        (("--command", "'", "-n", "x"), 2, "cannot be read as a command"),
    ],
)
def test_what_cannot_be_deployed_says_what_to_do(
    project: Project, arguments: tuple[str, ...], code: int, says: str
) -> None:
    done = project(*(each.format(file=project.file, flow=project.flow) for each in arguments))

    assert done.code == code, done.errors
    assert says.format(flow=project.flow) in done.errors
    assert "Traceback" not in done.errors


def test_a_syntax_error_is_shown_where_it_is(project: Project) -> None:
    (project.folder / "torn.py").write_text("def broken(:\n")

    done = project("torn.py:broken", "-n", "x")

    assert done.code == 2
    assert "torn.py" in done.errors
    assert "SyntaxError: invalid syntax\norch: The file" in done.errors


def test_without_a_control_plane_it_is_said_how_to_have_one(project: Project) -> None:
    done = InvokedOrch(project.folder / "empty")("deploy", project.entrypoint, "-n", "x")

    assert done.code == 4
    assert "orch server start" in done.errors


def test_a_file_deploys_many_and_those_that_are_named(project: Project) -> None:
    (project.folder / "orch.yaml").write_text(
        dedent(f"""
            deployments:
              - name: one
                entrypoint: {project.entrypoint}
                parameters: {{day: 2026-01-02}}
                schedules:
                  - cron: "@daily"
              - name: two
                flow: {project.flow}-shell
                command: ls
        """)
    )

    only = project("--name", "one", "--yes", "-o", "json")
    everything = project("--all", "--yes", "-o", "json")
    again = project()

    assert [each["name"] for each in only.document] == ["one"]
    assert [(each["name"], each["action"]) for each in everything.document] == [("one", "nothing"), ("two", "create")]
    assert again.code == 0
    assert [line.rpartition(": ")[2] for line in again.lines] == ["unchanged", "unchanged"]
    assert project("--cron", "@daily").code == 2


def test_what_is_wrong_in_the_file_is_told_by_line(project: Project) -> None:
    (project.folder / "orch.yaml").write_text("deployments:\n  - name: one\n    entrypiont: x.py:y\n")

    done = project()

    assert done.code == 2
    assert "orch.yaml:3: a deployment has no 'entrypiont'. Did you mean 'entrypoint'?" in done.errors


def test_the_demos_file_is_one(client: Client, tmp_path: Path) -> None:
    demo = Path(__file__).parents[3] / "examples" / "demo" / "orch.yaml"
    orch = InvokedOrch(tmp_path, client.settings.url)
    orch("work-pool", "create", "demo")

    done = orch("deploy", "--file", str(demo), "--dry-run")

    assert done.code == 0, done.errors
    assert "new" in done.lines[0]


def test_orch_itself_may_lie_in_the_folder(client: Client, tmp_path: Path) -> None:
    """As in a checkout, where the README's first deployment is made: loading the flow twice loads Orch once."""
    orch = Orch(tmp_path, client.settings.url)
    orch.folder = Path(__file__).parents[3]
    entrypoint = "examples/dynamic_fan_out.py:clock_changes"

    done = orch.process("deploy", entrypoint, "-n", "changes", "--param", "year=2026", "--dry-run")

    assert done.code == 0, done.errors
    assert done.lines[0].startswith("clock-changes/changes: new")
