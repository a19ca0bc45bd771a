"""What people see on the console."""

import io
import logging
import re
import subprocess
import sys
from pathlib import Path

import pytest

from orch.logging.console import ConsoleHandler, format_line, wants_colour
from orch.logging.summary import duration, flow_run_began, flow_run_ended
from orch.settings import temporary_settings
from orch.states import Cancelled, Completed, Failed, State
from tests.unit.sdk.logging.logged_runs import flow_record

_PROGRAM = """
import logging, sys
{before}
from orch.context import flow_run_context
from orch.logging import get_logger
from orch.logging.run_loggers import flow_run_logger
from orch.logging.setup import begin_logging
from orch.recording.records import FlowRunRecord
begin_logging()
begin_logging()
logger = flow_run_logger(None, FlowRunRecord(id="i", name="quick-lynx", flow_name="etl"))
{inside}
"""


def shown(tmp_path: Path, inside: str, before: str = "", **environment: str) -> list[str]:
    """The lines on standard error of a program that logs in a run."""
    program = _PROGRAM.format(before=before, inside=inside)
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", program],
        capture_output=True,
        text=True,
        encoding="utf-8",
        check=True,
        env={"ORCH_HOME": str(tmp_path), "ORCH_RECORDING": "off", **environment},
    )
    assert done.stdout == ""
    return done.stderr.splitlines()


def test_a_line_says_when_how_grave_who_and_what(tmp_path: Path) -> None:
    (line,) = shown(tmp_path, "logger.info('%s rows', 3)")

    assert re.fullmatch(r"\d\d:\d\d:\d\d\.\d{3} \| INFO    \| Flow run 'quick-lynx' \| 3 rows", line)


def test_the_level_is_a_setting(tmp_path: Path) -> None:
    inside = "logger.info('info'); logger.debug('debug'); logger.warning('warning')"

    assert [line[-7:] for line in shown(tmp_path, inside, ORCH_LOGGING_LEVEL="WARNING")] == ["warning"]
    assert len(shown(tmp_path, inside, ORCH_LOGGING_LEVEL="DEBUG")) == 3


def test_who_has_set_logging_up_gets_the_lines_in_his_own_format_once(tmp_path: Path) -> None:
    own = "logging.basicConfig(format='mine: %(flow_run_name)s %(message)s')"

    assert shown(tmp_path, "logger.info('x')", before=own) == ["mine: quick-lynx x"]
    assert shown(tmp_path, f"{own}; logger.info('x')") == ["mine: quick-lynx x"]


def test_a_handler_that_only_exports_does_not_silence_the_console(tmp_path: Path) -> None:
    before = """
class Exporter(logging.Handler):
    def emit(self, record): pass
Exporter.__module__ = "opentelemetry.sdk._logs"
logging.getLogger().addHandler(Exporter())
logging.getLogger().addHandler(logging.NullHandler())
"""
    assert len(shown(tmp_path, "logger.info('x')", before=before)) == 1


def test_extra_loggers_are_shown_too(tmp_path: Path) -> None:
    inside = "logging.getLogger('a.library').info('x'); logging.getLogger('another').info('y')"
    (line,) = shown(tmp_path, inside, ORCH_LOGGING_EXTRA_LOGGERS="a.library")

    assert line.endswith("| INFO    | a.library | x")


def test_a_broken_argument_neither_fails_nor_hides_the_line(tmp_path: Path) -> None:
    lines = shown(tmp_path, "logger.info('%d rows', 'many'); logger.info('next')")

    assert [line.split(" | ", 3)[3] for line in lines] == [
        "%d rows (its arguments could not be formatted: TypeError)",
        "next",
    ]


def test_what_the_console_cannot_write_is_escaped(tmp_path: Path) -> None:
    (line,) = shown(tmp_path, "logger.info('\\u2192')", PYTHONIOENCODING="ascii:strict")

    assert line.endswith("| \\u2192")


@pytest.mark.parametrize("spoil", ["sys.stderr.close()", "sys.stderr = None"])
def test_a_console_that_is_gone_fails_nobody(tmp_path: Path, spoil: str) -> None:
    assert shown(tmp_path, f"{spoil}; logger.info('x')") == []


@pytest.mark.parametrize("fault", ["pass", "raise RuntimeError('no window')"])
def test_a_console_of_the_programs_own_needs_no_more_than_write(tmp_path: Path, fault: str) -> None:
    before = f"""
class Own:
    def __init__(self, stream): self.stream = stream
    def write(self, text):
        {fault}
        self.stream.write(text)
    def flush(self): pass
sys.stderr = Own(sys.stderr)
"""
    assert len(shown(tmp_path, "logger.info('x')", before=before)) == (1 if fault == "pass" else 0)


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize(
    ("stream", "environment", "coloured"),
    [
        (Terminal(), {}, True),
        (io.StringIO(), {}, False),
        (Terminal(), {"NO_COLOR": "1"}, False),
        (Terminal(), {"NO_COLOR": ""}, True),
        (Terminal(), {"TERM": "dumb"}, False),
        (io.StringIO(), {"FORCE_COLOR": "1"}, True),
        (Terminal(), {"FORCE_COLOR": "1", "NO_COLOR": "1"}, False),
    ],
)
def test_colour_is_for_terminals_and_for_those_who_ask(
    stream: io.StringIO, environment: dict[str, str], coloured: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("NO_COLOR", "FORCE_COLOR", "TERM"):
        monkeypatch.delenv(name, raising=False)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)

    assert wants_colour(stream) is coloured


def test_a_coloured_line_says_the_same() -> None:
    record = logging.LogRecord("orch", logging.ERROR, "x.py", 1, "boom", None, None)
    coloured = format_line(record, coloured=True)

    assert "\x1b[31m" in coloured
    assert re.sub(r"\x1b\[[0-9;]*m", "", coloured) == format_line(record, coloured=False)


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0.0, "0.00 s"), (1.234, "1.23 s"), (12.6, "13 s"), (59.7, "1 min 0 s"), (185, "3 min 5 s"), (7800, "2 h 10 min")],
)
def test_durations_are_for_people(seconds: float, text: str) -> None:
    assert duration(seconds) == text


def said(caplog: pytest.LogCaptureFixture, state: State[object], *, is_subflow: bool = False) -> tuple[int, str]:
    """Level and text of the last line of a run."""
    from orch.logging.run_loggers import flow_run_logger

    logging.getLogger("orch").setLevel(logging.INFO)
    record = flow_record()
    logger = flow_run_logger(None, record)  # type: ignore[arg-type]
    with temporary_settings(home=Path("/somewhere"), recording="auto", api_url=""):
        flow_run_ended(logger, record, state, seconds=1.5, is_subflow=is_subflow)
    return caplog.records[-1].levelno, caplog.records[-1].getMessage()


def test_a_run_says_that_it_begins_and_how_it_ended(caplog: pytest.LogCaptureFixture) -> None:
    from orch.logging.run_loggers import flow_run_logger

    logging.getLogger("orch").setLevel(logging.INFO)
    record = flow_record()
    flow_run_began(flow_run_logger(None, record), record, is_subflow=False)  # type: ignore[arg-type]

    assert caplog.messages == ["Flow 'etl' begins."]
    assert said(caplog, Completed()) == (logging.INFO, "Completed in 1.50 s.")
    assert said(caplog, Cancelled(message="Ann said so.")) == (logging.WARNING, "Cancelled in 1.50 s: Ann said so.")


def test_a_run_that_failed_says_why_where_and_how_to_find_it(caplog: pytest.LogCaptureFixture) -> None:
    try:
        raise ValueError("bad row")
    except ValueError as error:
        state: State[object] = Failed(message="ValueError: bad row", data=error)

    level, text = said(caplog, state)

    assert level == logging.ERROR
    assert text.startswith("Failed in 1.50 s: ValueError: bad row\nTraceback (most recent call last):\n")
    assert "test_console.py" in text
    assert text.splitlines()[-1] == "Flow run id-of-quick-lynx, recorded in /somewhere."


def test_a_traceback_is_told_once(caplog: pytest.LogCaptureFixture) -> None:
    try:
        raise ValueError("bad row")
    except ValueError as error:
        state: State[object] = Failed(message="ValueError: bad row", data=error)

    inner = said(caplog, state, is_subflow=True)[1]
    outer = said(caplog, state)[1]

    assert "Traceback" in inner
    assert "Flow run id-of" not in inner
    assert "Traceback" not in outer
    assert outer.splitlines()[1].startswith("Flow run id-of-quick-lynx, ")


def test_a_run_that_returned_failed_states_lists_them(caplog: pytest.LogCaptureFixture) -> None:
    states = [Failed(message=f"bad row {number}") for number in range(12)] + [Completed()]
    lines = said(caplog, Failed(message="12/13 states failed.", data=states))[1].splitlines()

    assert lines[0] == "Failed in 1.50 s: 12/13 states failed."
    assert lines[1:11] == [f"  Failed: bad row {number}" for number in range(10)]
    assert lines[11] == "  … and 2 more"
    assert len(lines) == 13


def test_importing_configures_nothing() -> None:
    program = """
import builtins, logging
before = (builtins.print, logging.Logger.callHandlers)
import orch.logging, orch.logging.prints, orch.logging.setup
print(before == (builtins.print, logging.Logger.callHandlers))
print(logging.getLogger("orch").handlers, logging.getLogger().handlers)
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)

    assert done.stdout == "True\n[] []\n"


def test_the_handler_is_attached_once() -> None:
    from orch.logging.setup import begin_logging

    begin_logging()
    begin_logging()

    assert sum(isinstance(handler, ConsoleHandler) for handler in logging.getLogger("orch").handlers) == 1
