"""What is kept of a run's log."""

# ruff: noqa: T201 (printing is what is tested)

import logging
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

import orch.recording
from orch.errors import MissingContextError
from orch.logging import disable_run_logger, get_logger, get_run_logger
from orch.logging.prints import leave_prints_alone, watch_prints
from orch.logging.setup import begin_logging
from orch.settings import temporary_settings
from tests.unit.sdk.logging.logged_runs import Lines, flow_record, inside_flow, inside_task, task_record


@pytest.fixture
def lines(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Lines]:
    """The lines that the recorder gets. Logging is set up as a run does it."""
    kept = Lines()
    monkeypatch.setattr(orch.recording, "current_recorder", lambda: kept, raising=False)
    with temporary_settings(home=tmp_path, logging_level=logging.INFO, logging_extra_loggers=("a.library",)):
        begin_logging()
        yield kept


@pytest.fixture
def prints() -> Iterator[None]:
    """Prints are watched as in a run with log_prints."""
    watch_prints()
    yield
    leave_prints_alone()


class Awkward:
    def __str__(self) -> str:
        raise RuntimeError("no text")


def test_a_line_of_a_flow_is_kept_with_the_run(lines: Lines) -> None:
    record = flow_record()

    with inside_flow(record):
        get_run_logger().warning("%s rows", 3)

    assert [(line.flow_run, line.task_run_id, line.level, line.logger, line.message) for line in lines] == [
        (record, "", logging.WARNING, "orch.flow_runs", "3 rows")
    ]
    assert lines[0].time_ns > 1_700_000_000 * 10**9


def test_a_line_of_a_task_is_kept_with_the_task_run(lines: Lines) -> None:
    with inside_flow(flow_record()) as flow, inside_task(flow) as task:
        get_run_logger().info("loaded")

    assert [(line.flow_run, line.task_run_id, line.logger) for line in lines] == [
        (flow.record, task.record.id, "orch.task_runs")
    ]


def test_lines_of_a_flow_that_a_task_calls_are_the_flows(lines: Lines) -> None:
    child = flow_record("inner")

    with inside_flow(flow_record()) as flow, inside_task(flow), inside_flow(child):
        get_run_logger().info("inner")

    assert [(line.flow_run, line.task_run_id) for line in lines] == [(child, "")]


def test_a_runs_logger_speaks_for_it_from_any_thread(lines: Lines) -> None:
    record = flow_record()
    with inside_flow(record):
        logger = get_run_logger()
    thread = threading.Thread(target=logger.info, args=("from afar",))
    thread.start()
    thread.join()

    assert [(line.flow_run, line.message) for line in lines] == [(record, "from afar")]


def test_standard_logging_inside_a_run_is_kept(lines: Lines) -> None:
    logger = logging.getLogger("somebody.else")

    with inside_flow(flow_record()) as flow, inside_task(flow) as task:
        logger.warning("disk at %d %%", 91)
        logger.propagate = False
        logger.warning("kept all the same")

    assert [(line.logger, line.message, line.task_run_id) for line in lines] == [
        ("somebody.else", "disk at 91 %", task.record.id),
        ("somebody.else", "kept all the same", task.record.id),
    ]
    logger.propagate = True


def test_extra_loggers_are_kept_from_the_level_of_the_settings(lines: Lines) -> None:
    with inside_flow(flow_record()):
        logging.getLogger("a.library").info("kept")
        logging.getLogger("a.library").debug("too fine")

    assert lines.messages == ["kept"]


def test_lines_outside_of_runs_are_nobodys(lines: Lines) -> None:
    logging.getLogger("somebody.else").error("alone")
    get_logger("anything").error("alone")

    assert lines == []


def test_basic_config_inside_a_run_works(lines: Lines, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing of Orch's stands on the root logger, which would make basicConfig do nothing."""
    root = logging.getLogger()
    monkeypatch.setattr(root, "handlers", [])

    with inside_flow(flow_record()):
        logging.basicConfig(level=logging.WARNING)
        assert len(root.handlers) == 1
        logging.getLogger("somebody.else").warning("still kept")

    assert lines.messages == ["still kept"]


def test_a_dictconfig_that_disables_loggers_does_not_end_the_log(lines: Lines) -> None:
    logging.getLogger("orch.flow_runs").disabled = True
    begin_logging()

    with inside_flow(flow_record()):
        get_run_logger().info("heard")

    assert lines.messages == ["heard"]


@pytest.mark.parametrize(
    ("message", "args", "kept"),
    [
        ("%s", (Awkward(),), "%s (its arguments could not be formatted: RuntimeError)"),
        ("%d rows", ("many",), "%d rows (its arguments could not be formatted: TypeError)"),
        (Awkward(), (), "<Awkward> (its arguments could not be formatted: RuntimeError)"),
        ("100 %", (), "100 %"),
        ("nul \x00, half \ud800", (), "nul \\x00, half \\ud800"),
    ],
)
def test_a_line_that_cannot_be_formatted_is_kept_as_it_can_be(
    lines: Lines, message: object, args: tuple[object, ...], kept: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(logging.getLogger("orch"), "propagate", False)  # pytest's own handler raises

    with inside_flow(flow_record()):
        get_run_logger().info(message, *args)

    assert lines.messages == [kept]


def test_a_line_is_cut_to_what_the_contract_takes(lines: Lines) -> None:
    with inside_flow(flow_record()):
        get_run_logger().info("ä" * 1_000_000)

    assert len(lines[0].message.encode()) <= 256 * 1024
    assert lines[0].message.endswith("… (cut: 2000000 bytes)")


def test_an_exceptions_traceback_is_kept(lines: Lines) -> None:
    with inside_flow(flow_record()):
        try:
            raise ValueError("bad row")
        except ValueError:
            get_run_logger().exception("load failed")

    assert lines[0].message.startswith("load failed\nTraceback (most recent call last):\n")
    assert lines[0].message.endswith("ValueError: bad row")


def test_a_recorder_that_fails_does_not_fail_the_run(
    lines: Lines, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def refuse() -> Lines:
        raise OSError("no recorder")

    monkeypatch.setattr(orch.recording, "current_recorder", refuse)
    with inside_flow(flow_record()):
        get_run_logger().info("first")
        get_run_logger().info("second")

    assert lines == []
    assert capsys.readouterr().err.count("log lines of runs are not kept: OSError: no recorder") <= 1


def test_a_handler_that_fails_does_not_fail_the_run(lines: Lines, capsys: pytest.CaptureFixture[str]) -> None:
    class Failing(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            raise OSError(f"no room for {record.name}")

    handler = Failing()
    logging.getLogger().addHandler(handler)
    try:
        with inside_flow(flow_record()):
            get_run_logger().info("first")
            get_run_logger().info("second")
            get_logger("orch.recording").warning("the control plane is away")
            with pytest.raises(OSError, match=r"a\.library"):
                # A program's own logger does what it always does.
                logging.getLogger("a.library").warning("third")
    finally:
        logging.getLogger().removeHandler(handler)

    assert lines.messages == ["first", "second", "the control plane is away", "third"]
    assert capsys.readouterr().err.count("OSError: no room for orch.flow_runs") == 1


def test_what_the_recorder_logs_is_not_sent_to_itself(lines: Lines, monkeypatch: pytest.MonkeyPatch) -> None:
    class Chatty(Lines):
        def log(self, line: object) -> None:
            self.append(line)  # type: ignore[arg-type]
            logging.getLogger("orch.recording").warning("the buffer is full")

    chatty = Chatty()
    monkeypatch.setattr(orch.recording, "current_recorder", lambda: chatty)
    with inside_flow(flow_record()):
        get_run_logger().info("once")

    assert chatty.messages == ["once"]


def test_a_line_may_be_kept_back(lines: Lines) -> None:
    with inside_flow(flow_record()):
        get_run_logger().info("for the console", extra={"send_to_api": False})

    assert lines == []


def test_the_record_names_the_run_and_the_callers_line(lines: Lines, caplog: pytest.LogCaptureFixture) -> None:
    with inside_flow(flow_record()) as flow, inside_task(flow):
        get_run_logger(batch=7).info("loaded", extra={"rows": 3})
        logger = get_run_logger()
        logger.log(logging.INFO, "again")

    record = caplog.records[0]
    named = {name: getattr(record, name) for name in ("flow_name", "flow_run_name", "task_name", "task_run_name")}
    assert named == {
        "flow_name": "etl",
        "flow_run_name": "quick-lynx",
        "task_name": "load",
        "task_run_name": "load-0",
    }
    assert (record.__dict__["batch"], record.__dict__["rows"]) == (7, 3)
    assert {each.filename for each in caplog.records} == {"test_capture.py"}
    assert {each.funcName for each in caplog.records} == {"test_the_record_names_the_run_and_the_callers_line"}


def test_a_run_logger_tells_its_run_as_extra(lines: Lines) -> None:
    with inside_flow(flow_record()):
        logger = get_run_logger()

    assert logger.extra == {  # type: ignore[union-attr]
        "flow_run_id": "id-of-quick-lynx",
        "flow_run_name": "quick-lynx",
        "flow_name": "etl",
    }


def test_there_is_no_run_logger_outside_of_runs() -> None:
    with pytest.raises(MissingContextError, match="no active flow or task run"):
        get_run_logger()


def test_run_loggers_can_be_silenced_for_tests_of_plain_functions(lines: Lines) -> None:
    with disable_run_logger():
        get_run_logger().error("nobody hears")
        with inside_flow(flow_record()):
            get_run_logger().error("nobody hears")

    with inside_flow(flow_record()):
        get_run_logger().error("heard")

    assert lines.messages == ["heard"]


def test_prints_of_a_run_that_asks_for_it_are_lines(
    lines: Lines, prints: None, capsys: pytest.CaptureFixture[str]
) -> None:
    with inside_flow(flow_record(), log_prints=True) as flow:
        print("flow", 1, sep="-", end="!\n")
        print("two\nlines\n")
        with inside_task(flow, log_prints=True) as task:
            print("100 % in task")

    assert lines.messages == ["flow-1!", "two\nlines", "100 % in task"]
    assert {line.level for line in lines} == {logging.INFO}
    assert [line.task_run_id for line in lines] == ["", "", task.record.id]
    assert capsys.readouterr().out == ""


def test_other_prints_come_out_as_ever(
    lines: Lines, prints: None, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "out.txt"
    with inside_flow(flow_record(), log_prints=True) as flow:
        with path.open("w") as file:
            print("to a file", file=file)
        with inside_task(flow):
            print("a task without log_prints")
        thread = threading.Thread(target=print, args=("another thread",))
        thread.start()
        thread.join()
    print("after")

    assert lines == []
    assert path.read_text() == "to a file\n"
    assert capsys.readouterr().out == "a task without log_prints\nanother thread\nafter\n"


def test_a_print_that_prints_does_not_go_round_in_circles(
    lines: Lines, prints: None, capsys: pytest.CaptureFixture[str]
) -> None:
    class Talkative:
        def __str__(self) -> str:
            print("being looked at")
            return "talkative"

    class PrintingHandler(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            print("seen:", record.getMessage())

    handler = PrintingHandler()
    logging.getLogger("orch.flow_runs").addHandler(handler)
    with inside_flow(flow_record(), log_prints=True):
        print(Talkative())
    logging.getLogger("orch.flow_runs").removeHandler(handler)

    assert lines.messages == ["talkative"]
    assert capsys.readouterr().out == "being looked at\nseen: talkative\n"


def test_print_is_put_back(prints: None) -> None:
    watch_prints()
    leave_prints_alone()

    assert type(print).__name__ == "builtin_function_or_method"


def test_records_of_tasks_name_their_task(lines: Lines) -> None:
    from orch.logging.run_loggers import task_run_logger

    class Load:
        name = "load"

    record = task_record(flow_record())
    task_run_logger(Load(), record).info("x")  # type: ignore[arg-type]

    assert lines[0].task_run_id == record.id
