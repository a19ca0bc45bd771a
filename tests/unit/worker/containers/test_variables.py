"""Job variables of containers: what is right is read, what is wrong is said in words."""

from typing import Annotated

import pytest
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from orch_worker.launchers.base import LaunchError
from orch_worker.launchers.containers.variables import ContainerVariables, read_variables


class Limits(BaseModel):
    model_config = ConfigDict(extra="forbid")

    memory: int = Field(default=1, gt=0)


def _never(value: object) -> object:
    raise ValueError("it must be something else")


class Variables(ContainerVariables):
    limits: Limits = Limits()
    secret: Annotated[str, BeforeValidator(_never)] = Field(default="", repr=False)


def read(**variables: object) -> Variables:
    return read_variables(Variables, {"image": "python:3.13", **variables}, pool_type="submarine")


def refusal(**variables: object) -> str:
    with pytest.raises(LaunchError) as caught:
        read(**variables)
    return str(caught.value)


def test_defaults() -> None:
    found = read()

    assert found.command == ("python", "-m", "orch.run")
    assert (found.env, found.labels, found.grace_seconds, found.stream_output) == ({}, {}, 30.0, True)


@pytest.mark.parametrize("command", ["python -m 'my tool'", ["python", "-m", "my tool"]])
def test_a_command_is_a_text_or_a_list(command: object) -> None:
    assert read(command=command).command == ("python", "-m", "my tool")


def test_environment_values_become_texts_and_null_takes_away() -> None:
    assert read(env={"A": "x", "B": 7, "C": 0.5, "D": None}).env == {"A": "x", "B": "7", "C": "0.5"}


def test_what_nobody_has_given_a_value_has_its_default() -> None:
    assert read(command=None, working_dir=None).command == ("python", "-m", "orch.run")


@pytest.mark.parametrize(
    ("variables", "words"),
    [
        ({"image": None}, "The job variable image is missing. Set it in the deployment, the run or the work pool."),
        ({"command": ""}, "The job variable command is ''; it must be a command, as a text or a list of texts"),
        ({"command": "python 'x"}, "it must be a command; a shell could not read it: No closing quotation"),
        ({"grace_seconds": "soon"}, "The job variable grace_seconds is 'soon'; it must be a valid number"),
        ({"grace_seconds": -1}, "The job variable grace_seconds is -1; it must be greater than or equal to 0."),
        ({"labels": {"team": 7}}, "The job variable labels is {'team': 7}; it must be an object of names and texts."),
        ({"limits": {"memory": 0}}, "The job variable limits.memory is 0; it must be greater than 0. Change it in"),
        (
            {"comand": "x"},
            "The job variable comand is not known to submarine pools. Did you mean command? There are: image",
        ),
        (
            {"limits": {"memry": 1}},
            "The job variable limits.memry is not known to submarine pools. Did you mean memory? There are: memory.",
        ),
    ],
)
def test_what_is_wrong_is_said(variables: dict[str, object], words: str) -> None:
    assert words in refusal(**variables)


@pytest.mark.parametrize(
    "variables",
    [
        {"secret": "hunter2"},
        {"env": "PASSWORD=hunter2"},
        {"env": {"PASSWORD": ["hunter2"]}},
        {"env": {"A=B": "hunter2"}},
    ],
)
def test_no_secret_is_shown(variables: dict[str, object]) -> None:
    words = refusal(**variables)

    assert "it must" in words
    assert "hunter2" not in words
