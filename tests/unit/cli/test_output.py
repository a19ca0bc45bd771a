"""How commands write: as JSON and YAML, as lines, as ids; and what a terminal must not be told."""

import json
from datetime import UTC, datetime, timedelta

import pytest
import yaml
from google.protobuf.duration_pb2 import Duration
from google.protobuf.timestamp_pb2 import Timestamp

from orch_cli.failures import Failed
from orch_cli.flow_run.columns import state_text
from orch_cli.output import Column, Format, ago, clean, document, note, plain, say, show_list, show_one, span
from orch_cli.watch.lines import LinePrinter
from orch_proto.v1.deployment_pb2 import Deployment
from orch_proto.v1.flow_run_pb2 import FlowRun
from orch_proto.v1.flow_run_service_pb2 import CreateFlowRunRequest
from orch_proto.v1.log_pb2 import LogEntry, LogLevel, LogRecord
from orch_proto.v1.result_pb2 import Result
from orch_proto.v1.state_pb2 import Failure, State, StateType
from orch_proto.v1.work_pool_pb2 import WorkPool
from orch_proto.v1.worker_pb2 import Worker


def object_of(message: object) -> dict[str, object]:
    """A message as `-o json` writes it, read back."""
    found = json.loads(document(plain(message), Format.JSON))
    assert isinstance(found, dict)
    return found


# Messages as data


def test_a_run_is_told_with_all_its_fields() -> None:
    run = FlowRun(
        flow_run_id="r",
        state=State(type=StateType.STATE_TYPE_FAILED, failure=Failure(type="ValueError", retryable=False)),
        parameters_json='{"day": "2026-11-22"}',
        tags=["a"],
        token=2**40,
        create_time=Timestamp(seconds=0, nanos=500_000_000),
        result=Result(data=b"[1]", media_type="application/json", size_bytes=3),
    )

    told = object_of(run)

    assert told["parameters"] == {"day": "2026-11-22"}
    assert told["token"] == 2**40, "numbers are numbers"
    assert told["create_time"] == "1970-01-01T00:00:00.500Z"
    assert told["start_time"] is None
    assert told["tags"] == ["a"]
    assert told["result"] == {"value": [1], "media_type": "application/json", "size_bytes": 3}
    state = told["state"]
    assert isinstance(state, dict)
    assert (state["type"], state["failure"]["retryable"]) == ("FAILED", False)
    assert len(told) == len(FlowRun.DESCRIPTOR.fields)


def test_durations_are_seconds_and_say_so() -> None:
    told = object_of(WorkPool(name="p", lease_ttl=Duration(seconds=15)))

    assert told["lease_ttl_seconds"] == 15
    assert "lease_ttl" not in told


def test_what_was_not_given_is_null_and_zero_is_zero() -> None:
    assert object_of(Deployment())["concurrency_limit"] is None
    assert object_of(Deployment(concurrency_limit=0))["concurrency_limit"] == 0
    assert object_of(State())["type"] is None


def test_of_a_choice_the_one_that_was_made_is_told() -> None:
    told = object_of(CreateFlowRunRequest(deployment_id="d"))

    assert told["deployment_id"] == "d"
    assert "flow_name" not in told


def test_an_enum_value_that_this_program_does_not_know_is_its_number() -> None:
    record = LogRecord()
    record.level = 35  # type: ignore[assignment]  # as a newer server may say

    assert object_of(record)["level"] == "35"


def test_maps_and_text_that_is_no_json_stay_what_they_are() -> None:
    assert object_of(Worker(labels={"gpu": "yes"}))["labels"] == {"gpu": "yes"}
    assert object_of(FlowRun(parameters_json="{broken"))["parameters"] == "{broken"


@pytest.mark.parametrize(
    ("result", "expected"),
    [
        (Result(uri="s3://bucket/x", media_type="m", size_bytes=9), {"uri": "s3://bucket/x"}),
        (Result(data=b"\x80", media_type="application/vnd.orch.cloudpickle", size_bytes=1), {"data": "gA=="}),
        (Result(data=b'{"$type":"date"}', media_type="application/vnd.orch.tagged+json"), {"value": {"$type": "date"}}),
    ],
)
def test_results_are_told_by_what_they_are(result: Result, expected: dict[str, object]) -> None:
    told = object_of(result)

    assert {name: told[name] for name in expected} == expected


def test_yaml_reads_back_as_what_json_says_and_shows_lines_as_lines() -> None:
    run = FlowRun(name="été", state=State(failure=Failure(stack_trace="a\n  b\n")), parameters_json='{"on": "yes"}')

    text = document(plain(run), Format.YAML)

    assert yaml.safe_load(text) == object_of(run)
    assert "|" in text
    assert "été" in text


# Lists and single things

COLUMNS = (
    Column[dict[str, str]]("NAME", lambda item: item["name"]),
    Column[dict[str, str]]("COUNT", lambda item: item["count"], right=True),
)
ITEMS = [{"name": "a", "count": "1"}, {"name": "long name", "count": "200"}]


@pytest.mark.parametrize(
    ("state", "text"),
    [
        (
            State(
                type=StateType.STATE_TYPE_CANCELLED,
                message="Too dear.",
                failure=Failure(type="CancelInterrupt", message="Too dear."),
            ),
            "Cancelled: Too dear.",
        ),
        (
            State(type=StateType.STATE_TYPE_FAILED, failure=Failure(type="ValueError", message="no")),
            "Failed: ValueError: no",
        ),
        (
            State(
                type=StateType.STATE_TYPE_FAILED, message="After 2.", failure=Failure(type="ValueError", message="no")
            ),
            "Failed: After 2. ValueError: no",
        ),
        (State(type=StateType.STATE_TYPE_COMPLETED), "Completed"),
    ],
)
def test_a_state_is_told_once(state: State, text: str) -> None:
    assert state_text(state) == text


def test_a_list_in_a_pipe_is_aligned_and_never_wrapped(capsys: pytest.CaptureFixture[str]) -> None:
    show_list([*ITEMS, {"name": "x" * 300, "count": "3"}], COLUMNS, output=Format.TABLE, empty="")

    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 4
    assert {len(line) for line in lines} == {300 + 2 + 5}
    assert lines[1].split() == ["a", "1"]
    assert "\t" not in "".join(lines)


def test_a_narrow_terminal_cuts_texts_and_leaves_out_the_last_of_them(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("orch_cli.output.tables.stdout_is_terminal", lambda: True)
    monkeypatch.setenv("COLUMNS", "40")
    columns: list[Column[str]] = [
        Column("ID", lambda _: "i" * 15),
        Column("NAME", lambda _: "n" * 20),
        Column("STATE", lambda _: "Running", style=lambda _: "green"),
        Column("TOOK", lambda _: "0.42 s"),
    ]

    show_list(["a"], columns, output=Format.TABLE, empty="")

    said = capsys.readouterr()
    assert said.out.splitlines()[1].split() == ["i" * 15, "n" * 13 + "…", "Running"]
    assert said.err == "Too narrow for TOOK.\n"


def test_nothing_is_told_beside_the_output(capsys: pytest.CaptureFixture[str]) -> None:
    show_list([], COLUMNS, output=Format.TABLE, empty="Nothing there.")
    beside = capsys.readouterr()
    show_list([], COLUMNS, output=Format.JSON, empty="Nothing there.")

    assert (beside.out, beside.err) == ("", "Nothing there.\n")
    assert json.loads(capsys.readouterr().out) == []


def test_ids_are_the_first_column(capsys: pytest.CaptureFixture[str]) -> None:
    show_list(ITEMS, COLUMNS, output=Format.ID, empty="")

    assert capsys.readouterr().out.splitlines() == ["a", "long name"]


def test_a_single_thing_leaves_out_what_is_empty_and_keeps_its_lines(capsys: pytest.CaptureFixture[str]) -> None:
    show_one({"name": "a\nb", "count": ""}, COLUMNS, output=Format.TABLE)

    assert capsys.readouterr().out == "Name:  a\n       b\n"


# What a terminal must not be told


@pytest.mark.parametrize(
    ("text", "plain_text", "coloured"),
    [
        ("plain\ttext\n", "plain\ttext\n", "plain\ttext\n"),
        ("\x1b[31mred\x1b[0m", "red", "\x1b[31mred\x1b[0m"),
        ("\x1b[2Jcleared\x1b[H", "cleared", "cleared"),
        ("\x1b]0;title\x07rest", "rest", "rest"),
        ("\x1b]8;;http://x\x1b\\link", "link", "link"),
        ("bell\x07 back\x08 csi\x9b31m", "bell back csi31m", "bell back csi31m"),
        ("over\rwritten", "overwritten", "overwritten"),
        ("\x1b", "", ""),
        ("reset\x1bc", "resetc", "resetc"),
        ("joined\x1b\x07[2J", "joined[2J", "joined[2J"),
        (
            "paid \u202eton\u202c \u2066x\u2069",
            "paid \\u202eton\\u202c \\u2066x\\u2069",
            "paid \\u202eton\\u202c \\u2066x\\u2069",
        ),
        ("two\u2028lines", "two\\u2028lines", "two\\u2028lines"),
    ],
)
def test_sequences_that_act_on_a_terminal_are_taken_out(text: str, plain_text: str, coloured: str) -> None:
    assert clean(text) == plain_text
    assert clean(text, colours=True) == coloured


EVIL = "etl\n\x1b[2J\x1bc\x9b31m\u202eexe.txt\u2028\x7f ümläut"


@pytest.mark.parametrize("output", [Format.JSON, Format.YAML])
def test_documents_say_what_was_written_and_act_on_no_terminal(
    output: Format, capsys: pytest.CaptureFixture[str]
) -> None:
    item = {"name": EVIL, EVIL: "1"}
    show_list([item], COLUMNS, output=output, empty="")

    shown = capsys.readouterr().out
    assert (json.loads if output is Format.JSON else yaml.safe_load)(shown) == [{"name": EVIL, EVIL: "1"}]
    assert not set("\x1b\x7f\x9b\u202e\u2028") & set(shown)
    assert "ümläut" in shown


@pytest.mark.parametrize("output", [Format.TABLE, Format.ID])
def test_names_stand_on_one_line_and_act_on_no_terminal(output: Format, capsys: pytest.CaptureFixture[str]) -> None:
    show_list([{"name": EVIL}], COLUMNS[:1], output=output, empty="")

    shown = capsys.readouterr().out.splitlines()[-1]
    assert shown == "etl c31m\\u202eexe.txt\\u2028 ümläut"


def test_whatever_is_said_acts_on_no_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    say(f"\x1b[31m{EVIL}")
    note(EVIL)
    Failed(EVIL).show()

    for text in capsys.readouterr():
        assert set(text.replace("\x1b[31m", "")).isdisjoint("\x1b\x7f\x9b\u202e\u2028")


def test_a_logger_makes_no_lines_of_its_own(capsys: pytest.CaptureFixture[str]) -> None:
    record = LogRecord(level=LogLevel.LOG_LEVEL_INFO, message="fine", logger="x\n14:03:12.345 | INFO | forged\u202e")
    LinePrinter(output=Format.TABLE, coloured=False).entries([LogEntry(stream="output", record=record)])

    (line,) = capsys.readouterr().out.splitlines()
    assert line.endswith("| x 14:03:12.345 | INFO | forged\\u202e | fine")


# Times


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0.4, "now"), (59.9, "59 s ago"), (60, "1 min ago"), (7200, "2 h ago"), (200_000, "2 d ago"), (-90, "in 1 min")],
)
def test_how_long_ago(seconds: float, text: str) -> None:
    now = datetime(2026, 11, 22, tzinfo=UTC)

    assert ago(now - timedelta(seconds=seconds), now) == text


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (None, ""),
        (0, "0.00 s"),
        (9.999, "10.00 s"),
        (12.34, "12.3 s"),
        (61, "1m 01s"),
        (7260, "2h 01m"),
        (90_000, "1d 01h"),
    ],
)
def test_how_long(seconds: float | None, text: str) -> None:
    assert span(seconds) == text
