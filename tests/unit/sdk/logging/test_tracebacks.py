"""Tracebacks begin in the user's code."""

import asyncio
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from pydantic import BaseModel, TypeAdapter, ValidationError

from orch.errors import RecordingError
from orch.parameters import validated
from orch.run.entrypoint import load_flow
from orch.tracebacks import user_traceback


def users_function(depth: int = 2) -> None:
    if depth:
        users_function(depth - 1)
    raise ValueError("bad row")


class Raises:
    """Its instances raise in user code that Orch calls, and Orch is called by user code."""

    @classmethod
    def __get_pydantic_core_schema__(cls, source: object, handler: object) -> object:
        users_function(0)
        raise AssertionError


def called_by_orch(a: Raises) -> None: ...


def text_of(function: object, *args: object) -> str:
    with pytest.raises(Exception) as caught:  # noqa: PT011 (any)
        function(*args)  # type: ignore[operator]
    return user_traceback(caught.value)


def test_frames_of_orch_and_pydantic_are_left_out() -> None:
    text = text_of(validated, called_by_orch, {"a": 1})

    assert "ValueError: bad row" in text
    assert "users_function" in text
    assert "/orch/parameters/" not in text
    assert "site-packages/pydantic/" not in text


def test_frames_of_the_pool_and_the_loop_that_ran_it_are_left_out() -> None:
    async def users_coroutine() -> None:
        with ThreadPoolExecutor(1) as pool:
            await asyncio.get_running_loop().run_in_executor(pool, users_function)

    text = text_of(asyncio.run, users_coroutine())

    assert "in users_coroutine" in text
    assert "in users_function" in text
    assert "concurrent/futures" not in text
    assert "asyncio/runners.py" not in text


def test_a_file_that_is_no_python_is_shown_without_those_who_read_it(tmp_path: Path) -> None:
    (tmp_path / "torn.py").write_text("def broken(:\n")

    text = text_of(load_flow, "torn.py:broken", tmp_path)

    assert "SyntaxError: invalid syntax" in text
    assert "cannot be imported" in text
    assert "/orch/run/" not in text


def test_library_frames_that_the_user_called_stay() -> None:
    async def waits_in_vain() -> None:
        await asyncio.wait_for(asyncio.Event().wait(), timeout=0)

    assert "in wait_for" in text_of(asyncio.run, waits_in_vain())


def test_causes_contexts_and_groups_are_shown() -> None:
    def raises() -> None:
        try:
            users_function()
        except ValueError as error:
            raise ExceptionGroup("several", [KeyError("a"), error]) from RuntimeError("cause")

    text = text_of(raises)

    assert "RuntimeError: cause" in text
    assert "KeyError: 'a'" in text
    assert "ValueError: bad row" in text
    assert "users_function(depth - 1)" in text


def test_how_an_error_of_orchs_came_about_inside_is_left_out() -> None:
    def raises(cause: BaseException) -> None:
        raise RecordingError("The database cannot be used.") from cause

    text = text_of(raises, _error_of_pydantic_alone())
    assert "pydantic" not in text
    assert text.endswith("RecordingError: The database cannot be used.")

    with pytest.raises(ValueError, match="bad row") as caught:
        users_function()
    assert "users_function(depth - 1)" in text_of(raises, caught.value)


def test_an_error_that_never_reached_user_code_keeps_its_frames() -> None:
    text = user_traceback(_error_of_pydantic_alone())

    assert "ValidationError" in text
    assert "pydantic" in text


def _error_of_pydantic_alone() -> BaseException:
    class Model(BaseModel):
        x: int

    with pytest.raises(ValidationError) as caught:
        TypeAdapter(Model).validate_python({})
    # Without the frame of this test's own.
    return caught.value.with_traceback(caught.tb.tb_next)


def test_a_broken_str_and_endless_recursion_do_no_harm() -> None:
    class Broken(Exception):
        def __str__(self) -> str:
            raise RuntimeError("no text")

    def raises() -> None:
        raise Broken

    def endless() -> None:
        endless()

    assert "Broken: <exception str() failed>" in text_of(raises)
    assert "[Previous line repeated" in text_of(endless)


def test_a_huge_message_is_cut() -> None:
    def raises() -> None:
        raise ValueError("x" * 10_000_000)

    assert len(text_of(raises)) < 100_000


_UNCAUGHT = """
import sys
from orch.logging.uncaught import shorten_uncaught
from orch.parameters import validated
from pydantic import BaseModel

class Strange:
    @classmethod
    def __get_pydantic_core_schema__(cls, source, handler):
        raise ValueError("bad row")

def function(x: Strange): ...
{prepare}
{fail}
"""


def end_of(prepare: str, fail: str) -> str:
    """What a program shows that ends with an uncaught exception."""
    program = _UNCAUGHT.format(prepare=prepare, fail=fail)
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert done.returncode == 1
    return done.stderr


def test_a_program_ends_with_the_users_frames() -> None:
    long, short = (
        end_of("", "validated(function, {'x': 1})"),
        end_of("shorten_uncaught()", "validated(function, {'x': 1})"),
    )

    assert "ValueError: bad row" in short
    assert "/orch/parameters/" in long
    assert "/orch/parameters/" not in short


@pytest.mark.parametrize("kind", ["flow", "task"])
def test_a_call_with_wrong_arguments_ends_with_the_users_frames(kind: str) -> None:
    said = end_of(f"from orch import {kind}", f"{kind}(lambda day: day, name='etl')()")

    assert "missing a required argument: 'day'" in said
    assert "/orch/" not in said


def test_an_exception_that_passed_no_run_is_printed_as_ever() -> None:
    fail = "import concurrent.futures as f; f.ThreadPoolExecutor(0)"

    assert end_of("shorten_uncaught()", fail) == end_of("", fail)


def test_a_hook_of_the_users_stays() -> None:
    prepare = "sys.excepthook = lambda *error: print('mine', file=sys.stderr); shorten_uncaught()"

    assert end_of(prepare, "validated(function, {'x': 1})") == "mine\n"
