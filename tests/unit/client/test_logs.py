"""What the log's lines look like, and what never stands in them."""

import io
import json
import logging
from collections.abc import Iterator

import pytest

from orch_client.logs import LogFormat, LogLevel, configure_logging, redact_url, wants_human

logger = logging.getLogger("orch_server.test_logs")


class Terminal(io.StringIO):
    """A stream that a person reads."""

    def isatty(self) -> bool:
        return True


@pytest.fixture(autouse=True)
def as_before() -> Iterator[None]:
    root, own = logging.getLogger(), logging.getLogger("orch_server")
    handlers, levels = list(root.handlers), (root.level, own.level)
    yield
    root.handlers[:] = handlers
    root.setLevel(levels[0])
    own.setLevel(levels[1])


def configured(log_format: LogFormat = "json", level: LogLevel = "info", secrets: tuple[str, ...] = ()) -> io.StringIO:
    stream = io.StringIO()
    configure_logging(log_format, level, secrets=secrets, stream=stream)
    return stream


def test_json_is_one_object_a_line_with_the_fields() -> None:
    stream = configured()

    logger.info("lease\nexpired", extra={"run": "r-1", "token": 3, "share": float("nan")})

    (line,) = stream.getvalue().splitlines()
    event = json.loads(line)
    assert event.pop("time").endswith("+00:00")
    assert event == {
        "level": "info",
        "logger": "orch_server.test_logs",
        "event": "lease\nexpired",
        "run": "r-1",
        "token": 3,
        "share": "nan",
    }


def test_a_field_cannot_pass_itself_off_as_the_event() -> None:
    stream = configured()

    logger.info("truth", extra={"event": "lie", "level": "debug"})

    event = json.loads(stream.getvalue())
    assert (event["event"], event["event_"], event["level"]) == ("truth", "lie", "info")


def test_human_is_one_line_whatever_a_run_is_called() -> None:
    stream = configured("human")

    logger.warning("run %s", "x\n2031-01-01 ERROR forged", extra={"name_of_flow": "a\nb", "path": "/a/b"})

    (line,) = stream.getvalue().splitlines()
    assert "WARNING run x\\n2031-01-01 ERROR forged" in line
    assert line.endswith('name_of_flow="a\\nb" path=/a/b')


@pytest.mark.parametrize("log_format", ["json", "human"])
def test_secrets_never_appear_wherever_they_stand(log_format: LogFormat) -> None:
    stream = configured(log_format, secrets=("the-api-key",))
    url = "postgresql://ada:p@ss/word@db/orch"

    try:
        raise ConnectionError(f"cannot connect to {url} with the-api-key, password=p@ss/word")
    except ConnectionError:
        logger.exception("no database at %s", url, extra={"url": url, "key": "the-api-key", "list": [url]})

    written = stream.getvalue()
    assert "ConnectionError" in written
    assert "postgresql://ada:***@db/orch" in written
    assert "ss/word" not in written
    assert "the-api-key" not in written


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("postgresql://ada@db/orch", "postgresql://ada@db/orch"),
        ("postgresql://ada:pw@db:5432/orch", "postgresql://ada:***@db:5432/orch"),
        ("postgresql://:pw@db/orch", "postgresql://:***@db/orch"),
        (
            "postgresql://db/orch?user=ada&password=pw&sslmode=on",
            "postgresql://db/orch?user=ada&password=***&sslmode=on",
        ),
        ("sqlite:////home/ada/orch.db", "sqlite:////home/ada/orch.db"),
        ("http://127.0.0.1:4201", "http://127.0.0.1:4201"),
    ],
)
def test_a_url_is_shown_without_its_password(url: str, shown: str) -> None:
    assert redact_url(url) == shown


def test_the_level_is_for_orch_and_warnings_for_the_rest() -> None:
    stream = configured(level="debug")

    logger.debug("ours")
    logging.getLogger("sqlalchemy").info("theirs")
    logging.getLogger("sqlalchemy").warning("theirs, grave")

    assert [json.loads(line)["event"] for line in stream.getvalue().splitlines()] == ["ours", "theirs, grave"]


def test_auto_is_human_on_a_terminal_and_json_elsewhere() -> None:
    assert wants_human("auto", Terminal())
    assert not wants_human("auto", io.StringIO())
    assert not wants_human("json", Terminal())
    assert wants_human("human", io.StringIO())
