"""Flows and tasks in pickles: by name where they can be imported, as functions are."""

import os
import pickle
import subprocess
import sys
from functools import partial
from pathlib import Path
from typing import Any

import cloudpickle
import pytest

from orch import Flow, Task, flow, task
from orch.settings import temporary_settings


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


SCRIPT = """
import multiprocessing, pickle, sys
from concurrent.futures import ProcessPoolExecutor
from orch import flow, task

@task
def double(number):
    return number * 2

@flow
def doubled(number):
    return double(number)

class Jobs:
    @flow
    @staticmethod
    def nightly(number):
        return number

if __name__ == "__main__":
    for each in (double, doubled, Jobs.nightly):
        assert pickle.loads(pickle.dumps(each)) is each
        assert pickle.loads(pickle._dumps(each)) is each
    context = multiprocessing.get_context(sys.argv[1])
    with context.Pool(2) as pool:
        print(pool.map(doubled, [1, 2]))
    with ProcessPoolExecutor(1, mp_context=context) as executor:
        print(executor.submit(doubled, 3).result())
    started = context.Process(target=doubled, args=(4,))
    started.start()
    started.join()
    print(started.exitcode)
"""


@pytest.mark.parametrize("start", ["fork", "spawn"])
def test_multiprocessing_takes_a_scripts_flows(tmp_path: Path, start: str) -> None:
    script = tmp_path / "script.py"
    script.write_text(SCRIPT)
    surroundings = {**os.environ, "ORCH_HOME": str(tmp_path), "ORCH_RECORDING": "off"}

    done = subprocess.run(
        [sys.executable, str(script), start], capture_output=True, text=True, timeout=60, env=surroundings, check=False
    )

    assert done.stdout == "[2, 4]\n6\n0\n", done.stderr


def test_cloudpickle_sends_a_scripts_flow_whole(tmp_path: Path) -> None:
    script = tmp_path / "script.py"
    script.write_text(
        SCRIPT.partition("if __name__")[0] + "import cloudpickle\nsys.stdout.buffer.write(cloudpickle.dumps(doubled))"
    )
    surroundings = {**os.environ, "ORCH_HOME": str(tmp_path), "ORCH_RECORDING": "off"}

    sent = subprocess.run(
        [sys.executable, str(script)], stdout=subprocess.PIPE, timeout=60, env=surroundings, check=True
    )

    with temporary_settings(home=tmp_path, recording="off"):
        assert pickle.loads(sent.stdout)(2) == 4
