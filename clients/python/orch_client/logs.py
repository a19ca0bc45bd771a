"""The logs of Orch's own processes, server and worker, on stderr: one event, one line, with fields.

JSON for collectors, plain for people.

Any module logs through the standard library, fields as `extra`:

    logger.info("lease expired", extra={"run": run_id, "token": token})

Passwords in URLs and the API keys never appear, wherever in an event they stand.
"""

import json
import logging
import math
import re
import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Literal, TextIO

LogFormat = Literal["auto", "human", "json"]
LogLevel = Literal["debug", "info", "warning", "error"]

_STANDARD = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName"}
_RESERVED = frozenset({"time", "level", "logger", "event", "exception"})
_USER_INFO = re.compile(r"(://[^\s:/@]*:)\S*@")
_PASSWORD = re.compile(r"(?i)(\b\w*passw(?:or)?d=)[^\s&'\"]+")
_PLAIN = re.compile(r"[\w./:@%+~*\[\]-]+")
_HIDDEN = "***"
# A shorter key would hide ordinary words with it.
_SHORTEST_SECRET = 8
_OWN_LOGGERS = ("orch_server", "orch_worker", "orch_client")


def redact_url(text: str) -> str:
    """The text with the passwords of all URLs in it hidden. A URL's user and host stay readable."""
    return _PASSWORD.sub(rf"\g<1>{_HIDDEN}", _USER_INFO.sub(rf"\g<1>{_HIDDEN}@", text))


class Redactor:
    """Hides secrets in text: passwords in URLs, and words known to be secret."""

    def __init__(self, secrets: Sequence[str] = ()) -> None:
        self._secrets = sorted((s for s in secrets if len(s) >= _SHORTEST_SECRET), key=len, reverse=True)

    def __call__(self, text: str) -> str:
        for secret in self._secrets:
            text = text.replace(secret, _HIDDEN)
        return redact_url(text)


class _EventFormatter(logging.Formatter):
    """What both formats share: the event, its fields and its traceback, without secrets."""

    def __init__(self, redact: Redactor) -> None:
        super().__init__()
        self._redact = redact

    def event(self, record: logging.LogRecord) -> str:
        return self._redact(record.getMessage())

    def fields(self, record: logging.LogRecord) -> dict[str, str | int | float | bool | None]:
        return {
            f"{name}_" if name in _RESERVED else name: self._value(value)
            for name, value in vars(record).items()
            if name not in _STANDARD
        }

    def traceback(self, record: logging.LogRecord) -> str:
        return self._redact(self.formatException(record.exc_info)) if record.exc_info else ""

    def _value(self, value: object) -> str | int | float | bool | None:
        if value is None or isinstance(value, bool | int) or (isinstance(value, float) and math.isfinite(value)):
            return value
        return self._redact(str(value))


class JsonFormatter(_EventFormatter):
    """One JSON object a line: time (UTC), level, logger, event, the fields, and exception where there is one."""

    def format(self, record: logging.LogRecord) -> str:
        """One line."""
        line: dict[str, str | int | float | bool | None] = {
            "time": datetime.fromtimestamp(record.created, tz=UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "event": self.event(record),
            **self.fields(record),
        }
        if traceback := self.traceback(record):
            line["exception"] = traceback
        return json.dumps(line, ensure_ascii=False)


class HumanFormatter(_EventFormatter):
    """`2031-05-01 12:04:05.123 INFO    event key=value`, local time; a traceback follows, indented."""

    def format(self, record: logging.LogRecord) -> str:
        """One line, and the traceback's."""
        time = datetime.fromtimestamp(record.created, tz=UTC).astimezone()
        head = f"{time:%Y-%m-%d %H:%M:%S}.{int(record.msecs):03} {record.levelname:<7}"
        fields = [f"{name}={_quoted(value)}" for name, value in self.fields(record).items()]
        lines = [" ".join([head, _one_line(self.event(record)), *fields]), *self.traceback(record).splitlines()]
        return "\n    ".join(lines)


def _one_line(text: str) -> str:
    """Nobody who chooses a run's name can write a log line of his own."""
    return text if text.isprintable() else text.encode("unicode_escape").decode("ascii")


def _quoted(value: object) -> str:
    text = str(value)
    return text if _PLAIN.fullmatch(text) else json.dumps(text, ensure_ascii=not text.isprintable())


def wants_human(log_format: LogFormat, stream: TextIO) -> bool:
    """Whether a person reads this stream."""
    return stream.isatty() if log_format == "auto" else log_format == "human"


def configure_logging(
    log_format: LogFormat, level: LogLevel, *, secrets: Sequence[str] = (), stream: TextIO | None = None
) -> None:
    """Sends this process's logs to `stream` (stderr). For the process's start only: importing configures nothing.

    `level` is for Orch's own loggers; of libraries, warnings and worse are written. `secrets` never appear.
    """
    stream = stream or sys.stderr
    redact = Redactor(secrets)
    handler = logging.StreamHandler(stream)
    handler.setFormatter(HumanFormatter(redact) if wants_human(log_format, stream) else JsonFormatter(redact))
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(logging.WARNING)
    for name in _OWN_LOGGERS:
        logging.getLogger(name).setLevel(level.upper())
