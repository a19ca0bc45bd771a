"""orch.yaml: what it may say, and how what is wrong in it is told."""

from pathlib import Path
from textwrap import dedent

import pytest

from orch.deployments import DeploymentSpec
from orch.errors import ConfigurationError
from orch.schedules import Cron, Interval, RRule
from orch_cli.deploy.located import read_yaml
from orch_cli.deploy.project import project_specs
from orch_cli.failures import Wrong


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A folder with a flow in it."""
    (tmp_path / "deployed_flows.py").write_text(
        dedent("""
            from orch import flow

            @flow(crash_restarts=2, tags=["etl"])
            def nightly_load(day: str, limit: int = 10) -> None:
                "Loads a day."

            @flow
            def report() -> None: ...
        """)
    )
    return tmp_path


def specs(project: Path, text: str, *names: str) -> list[DeploymentSpec]:
    """The deployments of a file of this text."""
    file = project / "orch.yaml"
    file.write_text(dedent(text))
    return project_specs(file, names)


def wrong(project: Path, text: str, *names: str) -> list[str]:
    """What is wrong with it, line by line, without the file's folder."""
    with pytest.raises(Wrong) as refused:
        specs(project, text, *names)
    return refused.value.message.replace(f"{project}/", "").splitlines()


def test_a_file_says_all_that_there_is_to_say(project: Path) -> None:
    (flow, command) = specs(
        project,
        """
        defaults:
          work_pool: demo
          tags: [ours]
        deployments:
          - name: nightly
            entrypoint: deployed_flows.py:nightly_load
            description: Every night.
            work_queue: high
            parameters: {day: 2026-01-02}
            concurrency_limit: 2
            at_limit: cancel-oldest
            retries: 3
            retry_delay: [10s, 1m]
            paused: false
            job_variables:
              env: {A: "1"}
            pull:
              - {step: local, path: .}
              - {step: install, requirements: requirements.txt}
            schedules:
              - cron: "0 2 * * *"
                time_zone: Europe/Berlin
                day_or: false
                catch_up: all
                catch_up_window: 2d
                overlap: skip
              - interval: 15m
                name: often
                paused: true
                anchor: 2026-01-01T09:00:00Z
                jitter: 30
                parameters: {limit: 5}
              - rrule: FREQ=WEEKLY;BYDAY=MO
          - name: shell
            flow: disk-space
            command: df -h "/my folder"
            durable: true
            parameter_schema: {type: object}
            tags: one
        """,
    )

    assert flow.slug == "nightly-load/nightly"
    assert (flow.work_pool_name, flow.work_queue_name) == ("demo", "high")
    assert flow.tags == ("etl", "ours")
    assert (flow.concurrency_limit, flow.at_limit, flow.crash_restarts) == (2, "cancel_oldest", 2)
    assert flow.parameters == {"day": "2026-01-02"}, "a date is the text that it is"
    assert (flow.retries, flow.retry_delays_seconds, flow.paused) == (3, (10.0, 60.0), False)
    assert [dict(each) for each in flow.pull_steps] == [
        {"step": "local", "path": str(project)},
        {"step": "install", "requirements": "requirements.txt"},
    ]
    assert flow.schedules is not None
    assert flow.schedules[0] == Cron(
        "0 2 * * *", time_zone="Europe/Berlin", day_or=False, catch_up="all", catch_up_window="2d", overlap="skip"
    )
    assert flow.schedules[1].paused
    assert flow.schedules[1].times == Interval(900, anchor=flow.schedules[1].times.anchor).times  # type: ignore[union-attr]
    assert flow.schedules[2] == RRule("FREQ=WEEKLY;BYDAY=MO")
    assert command.slug == "disk-space/shell"
    assert command.command == ("df", "-h", "/my folder")
    assert command.durable
    assert command.tags == ("one",)
    assert command.pull_steps == ({"step": "local", "path": str(project)},)
    assert command.schedules is None


def test_names_choose(project: Path) -> None:
    text = """
        deployments:
          - {name: a, entrypoint: "deployed_flows.py:report"}
          - {name: b, entrypoint: "deployed_flows.py:report"}
          - {name: b, command: ls, flow: other}
    """

    assert [each.slug for each in specs(project, text)] == ["report/a", "report/b", "other/b"]
    assert [each.slug for each in specs(project, text, "b")] == ["report/b", "other/b"]
    assert [each.slug for each in specs(project, text, "other/b")] == ["other/b"]
    assert wrong(project, text, "c") == ["orch.yaml has no deployment 'c'. There are: a, b."]


def test_what_is_not_chosen_is_not_loaded(project: Path) -> None:
    text = """
        deployments:
          - {name: a, entrypoint: "deployed_flows.py:report"}
          - {name: b, entrypoint: "gone.py:report"}
    """

    assert [each.slug for each in specs(project, text, "a")] == ["report/a"]


def test_everything_that_is_wrong_is_told_with_its_line(project: Path) -> None:
    assert wrong(
        project,
        """\
        defaults:
          work_poool: demo
        deployment: []
        deployments:
          - name: a
            entrypoint: deployed_flows.py:report
            timezone: UTC
            schedules:
              - crom: "0 2 * * *"
              - cron: "@daily"
                interval: 5m
              - name: x
              - cron: "@daily"
                overlap: maybe
              - interval: soon
              - interval: 5m
                day_or: true
          - paused: 5
            tags: {a: b}
            pull: [{step: gitt}]
            concurrency_limit: 0
            retry_delay: -1
          - words
        """,
    ) == [
        "orch.yaml:2: defaults has no 'work_poool'. Did you mean 'work_pool'?",
        "orch.yaml:3: the file has no 'deployment'. There are: defaults, deployments.",
        "orch.yaml:7: a deployment has no 'timezone'. There are: "
        "name, entrypoint, command, flow, description, tags, work_pool, work_queue, parameters, parameter_schema,"
        " enforce_parameter_schema, pull, job_variables, concurrency_limit, at_limit, retries, retry_delay,"
        " retry_jitter_factor, crash_restarts, durable, exclusive, paused, schedules.",
        "orch.yaml:9: a schedule has no 'crom'. Did you mean 'cron'?",
        "orch.yaml:10: a schedule needs cron, interval or rrule, and has cron and interval.",
        "orch.yaml:12: a schedule needs cron, interval or rrule, and has none of them.",
        "orch.yaml:14: overlap: allow, skip, queue or cancel_old is needed, not 'maybe'.",
        'orch.yaml:15: interval: it is \'soon\'. Write a number of seconds, or a span such as "90s", "15m", "1h30m"'
        ' or "2d".',
        "orch.yaml:17: 'day_or' is for cron, and this is interval.",
        "orch.yaml:18: paused: true or false is needed, not 5.",
        "orch.yaml:19: tags: a text is needed, not {'a': 'b'}.",
        'orch.yaml:20: pull: Pull step 1: "step" is "gitt". It must be "local", "git", "archive" or "install".',
        "orch.yaml:21: concurrency_limit: a whole number, 1 or more, is needed, not 0.",
        "orch.yaml:22: retry_delay: it is -1: write 0 s to 100 years.",
        "orch.yaml:23: a deployment is a mapping of name, entrypoint, command, flow …, not 'words'.",
    ]


@pytest.mark.parametrize(
    ("entry", "says"),
    [
        ("{entrypoint: 'deployed_flows.py:report'}", "a deployment: it has no name."),
        ("{name: a}", "a: it has neither an entrypoint nor a command."),
        ("{name: a, command: ls, entrypoint: 'x.py:y'}", "a: an entrypoint and a command are given"),
        ("{name: a, entrypoint: 'gone.py:report'}", "gone.py does not exist"),
        ("{name: a, entrypoint: 'deployed_flows.py:repot'}", "there is no 'repot'. Its flows are nightly_load, report"),
        ("{name: a, entrypoint: 'deployed_flows.py:report', durable: true}", "a flow says that itself, @flow(durable="),
        ("{name: a, entrypoint: 'deployed_flows.py:report', flow: other}", "is the flow 'report', not 'other'"),
        ("{name: a, entrypoint: 'deployed_flows.py:report', parameters: {x: 1}}", "has no parameter 'x'"),
        ("{name: a, entrypoint: 'deployed_flows.py:nightly_load', schedules: [{cron: '@daily'}]}", "needs 'day'"),
    ],
)
def test_what_a_deployment_lacks_is_told_on_its_line(project: Path, entry: str, says: str) -> None:
    (line,) = wrong(project, f"\ndeployments:\n  - {entry}\n")

    assert line.startswith("orch.yaml:3: ")
    assert says in line


@pytest.mark.parametrize("text", ["", "deployments: []", "- a", "words", "deployments: {a: 1}", "deployments:"])
def test_a_file_without_deployments_says_so(project: Path, text: str) -> None:
    assert "deployment" in wrong(project, text)[0]


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("a: [1,\nb: 2\n", ":3: this is no YAML"),
        ("a: 1\nb: 2\na: 3\n", ":3: 'a' is here twice."),
        ("a: {1: x}\n", ":1: the key 1 is no text"),
        ("a: 1\n---\nb: 2\n", ":2: this is no YAML"),
        ("a: !!python/object:os.system x\n", ":1: this is no YAML"),
        ("a: *b\n", ":1: this is no YAML"),
    ],
)
def test_what_is_no_yaml_is_told_with_its_line(tmp_path: Path, text: str, says: str) -> None:
    (tmp_path / "x.yaml").write_text(text)

    with pytest.raises(Wrong) as refused:
        read_yaml(tmp_path / "x.yaml")
    assert says in refused.value.message


def test_a_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    (tmp_path / "latin.yaml").write_bytes(b"a: \xe4")

    with pytest.raises(Wrong, match=r"There is no .*gone\.yaml"):
        read_yaml(tmp_path / "gone.yaml")
    with pytest.raises(Wrong, match="not UTF-8"):
        read_yaml(tmp_path / "latin.yaml")
    with pytest.raises(Wrong, match="directory"):
        read_yaml(tmp_path)


def test_anchors_and_merges_are_yaml(project: Path) -> None:
    (_, second) = specs(
        project,
        """
        deployments:
          - &base
            name: a
            command: ls
            work_pool: p
          - <<: *base
            name: b
        """,
    )

    assert (second.name, second.command, second.work_pool_name) == ("b", ("ls",), "p")


def test_a_flow_that_fails_to_import_shows_the_users_lines(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (project / "broken_flows.py").write_text("print('on the way')\nimport no_such_module_anywhere\n")

    (line,) = wrong(project, "\ndeployments:\n  - {name: a, entrypoint: 'broken_flows.py:x'}\n")

    said = capsys.readouterr()
    assert "No module named 'no_such_module_anywhere'" in line
    assert 'broken_flows.py", line 2' in said.err
    assert said.out == "", "what user code prints is not our answer"


def test_folders_may_have_modules_of_the_same_name(tmp_path: Path) -> None:
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "beside.py").write_text(f"NAME = 'from-{name}'\n")
        text = "from beside import NAME\nfrom orch import flow\n@flow(name=NAME)\ndef go(): ...\n"
        (tmp_path / name / "flows.py").write_text(text)

    found = specs(
        tmp_path,
        """
        deployments:
          - {name: a, entrypoint: "one/flows.py:go"}
          - {name: a, entrypoint: "two/flows.py:go"}
        """,
    )

    assert [each.slug for each in found] == ["from-one/a", "from-two/a"]


def test_specs_without_a_name_are_refused_by_the_sdk() -> None:
    with pytest.raises(ConfigurationError, match="needs a name"):
        DeploymentSpec(name="", flow_name="a", command=("ls",))
