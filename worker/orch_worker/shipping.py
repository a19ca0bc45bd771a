"""An attempt's lines on their way to the control plane: what it wrote, and what the worker remarks on it."""

import asyncio
import logging
import time
from collections.abc import Sequence
from contextlib import aclosing, suppress

from orch_client.errors import OrchClientError
from orch_client.leases import LeaseKey
from orch_proto.v1.log_pb2 import LOG_LEVEL_ERROR, LOG_LEVEL_INFO, LogLevel, LogRecord
from orch_worker.held_runs import HeldRun
from orch_worker.launchers.base import Attempt, OutputLine
from orch_worker.log_streams import MOST_BYTES, LogCalls, LogStream, record
from orch_worker.meters import LINES_SHIPPED, Telemetry

logger = logging.getLogger(__name__)

OUTPUT_STREAM = "output"
"""What attempts write, one after the other: a run may have more attempts than streams."""
REMARKS_STREAM = "worker"

_GATHERING_SECONDS = 0.05
"""Lines that come within this time go together: below what a person who follows the log notices."""
_REMARKS_GATHERING_SECONDS = 1.0
"""Remarks are no news to wait for."""
_MOST_WAITING_BYTES = MOST_BYTES // 2
"""Of one attempt, in memory. Beyond that its lines wait where the launcher keeps them."""


class Remarks:
    """What the worker has to say of one attempt, for those who read the run's log."""

    def __init__(self, calls: LogCalls, key: LeaseKey, *, fresh: bool) -> None:
        """`fresh`: nobody can have written to the stream."""
        self._calls = calls
        self._key = key
        self._stream = LogStream(calls, key, REMARKS_STREAM, offset=0) if fresh else None
        self._waiting: list[LogRecord] = []
        self._beginning: LogRecord | None = None
        self._sending: asyncio.Task[None] | None = None
        self._hurried = asyncio.Event()
        self._one_at_a_time = asyncio.Lock()

    def begin(self, sentence: str) -> None:
        """How it began. Alone, it is not worth a call for a short run that ends well: see `ended_well`. What was said
        before it goes out with it at once, so that it is there when the run ends.
        """
        self.say(sentence)
        self._beginning = self._waiting[-1]
        if len(self._waiting) > 1:
            self._hurried.set()

    def say(self, sentence: str, *, level: LogLevel.ValueType = LOG_LEVEL_INFO) -> None:
        """One more line."""
        self._waiting.append(record(time.time_ns(), sentence, logger_name="orch.worker", level=level))
        if self._sending is None:
            self._sending = asyncio.create_task(self._send_soon())

    def complain(self, sentence: str) -> None:
        """One more line, of what went wrong."""
        self.say(sentence, level=LOG_LEVEL_ERROR)

    def ended_well(self) -> None:
        """Nobody will look for where the run was, if that was not sent by now."""
        if len(self._waiting) == 1 and self._waiting[0] is self._beginning:
            self._waiting.clear()

    async def flush(self) -> None:
        """Returns when all is stored."""
        if self._sending is not None:
            self._sending.cancel()
            await asyncio.gather(self._sending, return_exceptions=True)
            self._sending = None
        await self._send()

    async def _send_soon(self) -> None:
        with suppress(TimeoutError):
            async with asyncio.timeout(_REMARKS_GATHERING_SECONDS):
                await self._hurried.wait()
        while self._waiting:
            await self._send()
        self._hurried.clear()
        self._sending = None

    async def _send(self) -> None:
        async with self._one_at_a_time:
            if self._waiting and (stream := await self._opened()) is not None:
                count = len(self._waiting)
                await stream.append(self._waiting[:count])
                # Only what was stored is forgotten: a call that was cancelled is made again, at the same offset.
                del self._waiting[:count]

    async def _opened(self) -> LogStream | None:
        """The stream; None, and the lines are dropped, where the run is gone."""
        if self._stream is None:
            try:
                offset = await self._calls.offset(self._key.flow_run_id, REMARKS_STREAM)
            except OrchClientError as error:
                logger.debug("no log", extra={"run": self._key.flow_run_id, "cause": error.message})
                self._waiting.clear()
                return None
            self._stream = LogStream(self._calls, self._key, REMARKS_STREAM, offset=offset)
        return self._stream


class OutputShipper:
    """Ships what one attempt writes."""

    def __init__(self, run: HeldRun, *, calls: LogCalls, telemetry: Telemetry) -> None:
        self._run = run
        self._calls = calls
        self._telemetry = telemetry
        self._waiting: list[OutputLine] = []
        self._waiting_bytes = 0
        self._read_all = False
        self._changed = asyncio.Event()
        self._sent = asyncio.Event()

    async def ship(self, attempt: Attempt, *, fresh: bool) -> None:
        """Returns when all lines are stored, or nobody wants them any more.

        fresh: the attempt was just launched, so that none of its lines was shipped before.
        """
        try:
            base, shipped = await self._place(fresh=fresh)
        except OrchClientError as error:
            # The run was deleted, or its log cannot be read: it is nobody's loss but the lines'.
            logger.warning("output is not kept", extra={"run": self._run.key.flow_run_id, "cause": error.message})
            return
        stream = LogStream(self._calls, self._run.key, OUTPUT_STREAM, offset=base + shipped)
        async with asyncio.TaskGroup() as tasks:
            reading = tasks.create_task(self._read(attempt, shipped))
            tasks.create_task(self._send(stream, reading))

    async def _place(self, *, fresh: bool) -> tuple[int, int]:
        """Where this attempt's lines begin in the stream, and how many of them are there. Raises OrchClientError."""
        base = self._run.facts.log_base
        if fresh and base is not None:
            return base, 0
        end = await self._calls.offset(self._run.key.flow_run_id, OUTPUT_STREAM)
        # Where nobody knows its begin, lines come twice rather than not at all.
        return (base, max(end - base, 0)) if base is not None else (end, 0)

    async def _read(self, attempt: Attempt, start: int) -> None:
        try:
            async with aclosing(attempt.output(start)) as output:  # type: ignore[type-var]
                async for lines in output:
                    self._take(lines)
                    while self._waiting_bytes > _MOST_WAITING_BYTES:
                        self._sent.clear()
                        await self._sent.wait()
        finally:
            self._read_all = True
            self._changed.set()

    def _take(self, lines: Sequence[OutputLine]) -> None:
        self._waiting.extend(lines)
        self._waiting_bytes += sum(len(line.text) for line in lines)
        self._changed.set()

    async def _send(self, stream: LogStream, reading: "asyncio.Task[None]") -> None:
        while not (self._read_all and not self._waiting):
            await self._changed.wait()
            self._changed.clear()
            await self._gather()
            lines, self._waiting, self._waiting_bytes = self._waiting, [], 0
            self._sent.set()
            await stream.append([_log_record(line) for line in lines])
            self._telemetry.count(LINES_SHIPPED, len(lines))
            if stream.closed:
                reading.cancel()
                return

    async def _gather(self) -> None:
        """Gives the lines that follow at once a moment to come; none where all are there."""
        deadline = asyncio.get_running_loop().time() + _GATHERING_SECONDS
        while not self._read_all and self._waiting_bytes <= _MOST_WAITING_BYTES:
            try:
                async with asyncio.timeout_at(deadline):
                    await self._changed.wait()
                    self._changed.clear()
            except TimeoutError:
                return


def _log_record(line: OutputLine) -> LogRecord:
    # A line that cannot be written as UTF-8 must not keep the others back.
    text = line.text.encode("utf-8", "replace").decode("utf-8")
    return record(line.time_ns, text, logger_name=line.stream, level=LOG_LEVEL_INFO)
