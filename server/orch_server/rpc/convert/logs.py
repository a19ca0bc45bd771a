"""Log lines. Stored, they are the wire's own bytes: an AppendLogsRequest of records alone, compressed where that pays.

Lines come by the hundred thousand a second: what is checked of each is checked by loops that run in C.
"""

import math
import zlib
from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING

from orch_proto.v1.log_pb2 import LogEntry, LogLevel, LogRecord
from orch_proto.v1.log_service_pb2 import AppendLogsRequest
from orch_proto.v1.log_service_pb2 import LogFilter as LogFilterMessage
from orch_server.application.errors import InvalidArgument
from orch_server.application.log_appends import LogAppend
from orch_server.application.log_pages import LogFilter, LogLine
from orch_server.rpc.convert.basics import check_text, id_text, optional_time, parse_id, parse_optional_id

if TYPE_CHECKING:
    from google.protobuf.timestamp_pb2 import Timestamp

MAX_RECORDS = 10_000
MAX_MESSAGE_BYTES = 256 * 1024
MAX_STREAM_CHARACTERS = 64

_LEVELS = frozenset(LogLevel.values())
_NS = 1_000_000_000
_FIRST_SECOND, _LAST_SECOND = -62135596800, 253402300799
_COMPRESSED_FROM_BYTES = 1024
_COMPRESSED = b"\x78"
"""What zlib's output begins with (RFC 1950 §2.2); a message of records begins with 0x2a."""


def to_append(request: AppendLogsRequest) -> LogAppend:
    """Lines for a stream. InvalidArgument names the first wrong line. Takes the request apart."""
    run_id = parse_id(request.flow_run_id, "flow_run_id")
    stream = to_stream(request.stream, "stream", required=True)
    token, offset, count = request.token, request.offset, len(request.records)
    if offset < 0:
        raise InvalidArgument.of("offset", f"{offset} is negative.")
    if count > MAX_RECORDS:
        text = f"{count} are more than the limit of {MAX_RECORDS}. Append them in several calls."
        raise InvalidArgument.of("records", text, reason="TOO_MANY_RECORDS")
    levels = {record.level for record in request.records}
    seconds = [record.time.seconds for record in request.records]
    _check(request, levels, seconds)
    for name in ("flow_run_id", "token", "stream", "offset"):
        request.ClearField(name)
    return LogAppend(
        run_id,
        token,
        stream,
        offset,
        count,
        max(map(_level, levels), default=0),
        _pack(request.SerializeToString()),
        (min(seconds), max(seconds)) if seconds else None,
    )


def to_stream(name: str, field: str, *, required: bool = False) -> str:
    """A stream's name."""
    return check_text(name, field, longest=MAX_STREAM_CHARACTERS, required=required)


def _check(request: AppendLogsRequest, levels: Iterable[int], seconds: Sequence[int]) -> None:
    records = request.records
    if not _LEVELS.issuperset(levels):
        _refuse(records, lambda r: r.level not in _LEVELS, "level", "is not a level known here.", "UNKNOWN_ENUM")
    if seconds and not (min(seconds) >= _FIRST_SECOND and max(seconds) <= _LAST_SECOND and all(seconds)):
        _refuse(records, lambda r: not r.HasField("time"), "time", "is missing.")
        _refuse(records, _out_of_range, "time", "is not a time between the years 1 and 9999.")
    if request.ByteSize() > MAX_MESSAGE_BYTES:
        text = f"is longer than {MAX_MESSAGE_BYTES} bytes (256 KiB). Cut it, or append it as several lines."
        _refuse(records, lambda r: len(r.message.encode()) > MAX_MESSAGE_BYTES, "message", text, "MESSAGE_TOO_LONG")
    for task_run_id in {record.task_run_id for record in records} - {""}:
        parse_id(task_run_id, "records.task_run_id")


def _out_of_range(record: LogRecord) -> bool:
    return not _FIRST_SECOND <= record.time.seconds <= _LAST_SECOND


def _refuse(
    records: Sequence[LogRecord],
    wrong: Callable[[LogRecord], bool],
    field: str,
    text: str,
    reason: str = "INVALID_FIELD",
) -> None:
    """Raises InvalidArgument for the first wrong line, if there is one."""
    for place, record in enumerate(records):
        if wrong(record):
            raise InvalidArgument.of(f"records[{place}].{field}", text, reason=reason)


def _level(level: int) -> int:
    return level or LogLevel.LOG_LEVEL_INFO


def _pack(records: bytes) -> bytes:
    """Compressed where that pays: log lines shrink several times over, and so do the database's writes."""
    return zlib.compress(records, level=1) if len(records) >= _COMPRESSED_FROM_BYTES else records


def to_log_filter(message: LogFilterMessage) -> LogFilter:
    """Which lines."""
    if message.min_level not in _LEVELS:
        raise InvalidArgument.of(
            "filter.min_level", f"{message.min_level} is not a level known here.", reason="UNKNOWN_ENUM"
        )
    return LogFilter(
        min_level=message.min_level,
        task_run_id=id_text(parse_optional_id(message.task_run_id, "filter.task_run_id")),
        text=check_text(message.text, "filter.text", longest=1000).casefold(),
        stream=to_stream(message.stream, "filter.stream"),
        from_ns=_time_bound(message, "time_from"),
        to_ns=_time_bound(message, "time_to"),
    )


def _time_bound(message: LogFilterMessage, name: str) -> int | None:
    """In nanoseconds since 1970, as lines have them."""
    if optional_time(message, name, "filter.") is None:
        return None
    return _time_ns(getattr(message, name))


def _time_ns(time: "Timestamp") -> int:
    return time.seconds * _NS + time.nanos


def entry_message(line: LogLine[LogRecord]) -> LogEntry:
    """A line with its place."""
    return LogEntry(stream=line.stream, offset=line.offset, record=line.record)


class RecordCodec:
    """Unpacks chunks: the rpc side of `LogCodec`."""

    def decode(self, records: bytes) -> Sequence[LogRecord]:
        """The lines in a chunk."""
        unpacked = zlib.decompress(records) if records.startswith(_COMPRESSED) else records
        return AppendLogsRequest.FromString(unpacked).records

    def time_ns(self, record: LogRecord, /) -> int:
        """When a line was said."""
        return _time_ns(record.time)

    def size(self, record: LogRecord, /) -> int:
        """How many bytes a line takes."""
        return record.ByteSize()

    def matcher(self, log_filter: LogFilter) -> Callable[[LogRecord], bool]:
        """Whether a line passes a filter: the cheap conditions first."""
        min_level, task_run_id, text = log_filter.min_level, log_filter.task_run_id, log_filter.text
        bounded = log_filter.from_ns is not None or log_filter.to_ns is not None
        first = -math.inf if log_filter.from_ns is None else log_filter.from_ns
        end = math.inf if log_filter.to_ns is None else log_filter.to_ns

        def matches(record: LogRecord) -> bool:
            return (
                _level(record.level) >= min_level
                and (not task_run_id or record.task_run_id.lower() == task_run_id)
                and (not bounded or first <= self.time_ns(record) < end)
                and (not text or text in record.message.casefold())
            )

        return matches
