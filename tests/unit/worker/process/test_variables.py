"""The job variables of process pools."""

import pytest

from orch_worker.launchers.base import LaunchError
from orch_worker.launchers.process.launcher import ProcessLauncher
from orch_worker.launchers.process.variables import ProcessVariables, parse_variables
from tests.unit.worker.process.stage import job


def test_none_at_all() -> None:
    assert parse_variables({}) == parse_variables({"python": None, "env": None}) == ProcessVariables()


def test_what_yaml_makes_of_values() -> None:
    read = parse_variables({"env": {"PORT": 8080, "RATE": 0.5, "GONE": None}, "grace_seconds": 5, "preload": ["json"]})
    assert read.env == {"PORT": "8080", "RATE": "0.5", "GONE": None}
    assert read.grace_seconds == 5.0
    assert read.preload == ("json",)


async def test_a_launch_with_wrong_ones_is_refused(launcher: ProcessLauncher) -> None:
    with pytest.raises(LaunchError, match="isolatoin is not known"):
        await launcher.launch(job("true", isolatoin="fresh"))
    assert list(await launcher.find()) == []


@pytest.mark.parametrize(
    ("variables", "words"),
    [
        ({"isolatoin": "fresh"}, r"isolatoin is not known.*Did you mean isolation\?"),
        ({"isolation": "none"}, r'isolation is \'none\'; it must be "forked" or "fresh"'),
        ({"preload": "pandas"}, "preload .*must be a list of module names"),
        ({"env": ["A=1"]}, "env .*must be an object"),
        ({"env": {"A": True}}, r"env\.A is True; it must be a text"),
        ({"env": {"A=B": "x"}}, "names without ="),
        ({"limits": {"memory": 5}}, r"limits: memory is not known.*Did you mean memory_mb\?"),
        ({"limits": {"memory_mb": "5"}}, r"limits\.memory_mb is '5'; it must be a whole number"),
        ({"working_dir": 5}, "working_dir is 5; it must be a text"),
        ({"grace_seconds": -1}, "grace_seconds is -1; it must be a number of seconds"),
        ({"stream_output": "yes"}, "stream_output .*true or false"),
    ],
)
def test_variables_that_are_wrong(variables: dict[str, object], words: str) -> None:
    with pytest.raises(LaunchError, match=words):
        parse_variables(variables)
