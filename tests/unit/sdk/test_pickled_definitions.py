"""Flows and tasks in pickles: by name where they can be imported, as functions are."""

import pickle
from functools import partial
from typing import Any

import cloudpickle
import pytest

from orch import Flow, Task, flow, task


@flow
def etl(day: int = 1) -> int:
    """A flow of a module."""
    return day


@task
def load(day: int) -> int:
    """A task of a module."""
    return day


class Jobs:
    """Has a flow."""

    @flow
    @staticmethod
    def nightly() -> None:
        """A flow of a class."""


@pytest.mark.parametrize("definition", [etl, load, Jobs.nightly])
@pytest.mark.parametrize("pickler", [pickle, cloudpickle])
def test_what_can_be_imported_goes_by_name(definition: Any, pickler: Any) -> None:  # noqa: ANN401
    assert pickle.loads(pickler.dumps(definition)) is definition


@pytest.mark.parametrize(
    "definition",
    [etl.with_options(name="another"), Flow(lambda: 1, name="lambda"), Task(partial(int, "1"), name="partial")],
    ids=["with options", "lambda", "partial"],
)
def test_cloudpickle_sends_what_no_import_finds(definition: Any) -> None:  # noqa: ANN401
    found = pickle.loads(cloudpickle.dumps(definition))

    assert (type(found), found.name) == (type(definition), definition.name)
    assert found is not definition
