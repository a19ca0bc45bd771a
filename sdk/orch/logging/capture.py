"""Keeps with a run what is logged inside it: its own lines, and those of standard logging.

Not a handler on the root logger, because that would change what the user's code sees: `logging.basicConfig` does
nothing once the root logger has a handler, and Python prints unhandled warnings only while it has none. Instead
`Logger.callHandlers` is wrapped, which every record passes that its logger lets through, whatever `propagate` says.
Sentry's SDK has done the same for years. Outside of runs the wrapper asks two context variables.
"""

import logging
import sys
import threading
from typing import TYPE_CHECKING

from orch.logging.console import write
from orch.logging.messages import message_of
from orch.logging.speaker import Speaker, current_speaker
from orch.recording.records import LogLine
from orch.telemetry import telemetry

if TYPE_CHECKING:
    from collections.abc import Callable

_MAX_BYTES = 256 * 1024  # the contract's: LogRecord.message
_MOST_COMPLAINTS = 10
_SURELY_FITS = 64 * 1024 - 64  # characters, of at most 4 bytes each


class Capture:
    """Sends records of runs to the recorder, from `level` on (Python's numbers)."""

    def __init__(self) -> None:
        self.level = logging.INFO
        self.quiet = False
        """Whether what is kept is kept off consoles; see `orch.logging.quiet`."""
        self._lock = threading.Lock()
        self._shipping = threading.local()
        self._installed: Callable[[logging.Logger, logging.LogRecord], None] | None = None
        self._complaints: set[str] = set()

    def install(self) -> None:
        """Wrap `Logger.callHandlers`, once; again where somebody has put the original back."""
        with self._lock:
            original = logging.Logger.callHandlers
            if original is self._installed:
                return

            def call_handlers(logger: logging.Logger, record: logging.LogRecord) -> None:
                if self.quiet and self._speaker_of(record) is not None:
                    from orch.logging.quiet import keep_off_consoles

                    keep_off_consoles(logger, record)
                try:
                    original(logger, record)
                except Exception as error:
                    # A handler of the user's that fails: what Orch says, and what its runs' loggers do, goes on.
                    if logger.name != "orch" and not logger.name.startswith("orch."):
                        raise
                    self._complain(
                        f"orch: a handler of logging has failed; lines are missing where it writes: {_said(error)}"
                    )
                finally:
                    self.keep(record)

            self._installed = call_handlers
            logging.Logger.callHandlers = call_handlers  # type: ignore[method-assign, assignment]

    def _speaker_of(self, record: logging.LogRecord) -> Speaker | None:
        """The run that a record is to be kept with; None for none."""
        if record.levelno < self.level or getattr(self._shipping, "now", False):
            return None
        return current_speaker() if getattr(record, "send_to_api", True) else None

    def keep(self, record: logging.LogRecord) -> None:
        """Send one record, where a run says it. Never raises because of what is in it."""
        speaker = self._speaker_of(record)
        if speaker is None or getattr(record, "_orch_kept", False):
            return
        self._shipping.now = True  # what the recorder itself logs on the way is not sent
        try:
            record._orch_kept = True  # two wrappers in a row, after somebody restored and we wrapped again
            self._send(record, speaker)
        except Exception as error:
            self._complain(f"orch: log lines of runs are not kept: {_said(error)}")
        finally:
            self._shipping.now = False

    def _send(self, record: logging.LogRecord, speaker: Speaker) -> None:
        from orch.recording import current_recorder

        trace_id, span_id = telemetry.current_ids() if telemetry.on else ("", "")
        current_recorder().log(
            LogLine(
                speaker.flow_run,
                speaker.task_run.id if speaker.task_run is not None else "",
                round(record.created * 1_000_000) * 1000,
                record.levelno,
                record.name,
                fitting(message_of(record)),
                trace_id,
                span_id,
            )
        )

    def _complain(self, text: str) -> None:
        """Say once, where logging cannot, that lines are lost."""
        if sys.stderr is not None and text not in self._complaints and len(self._complaints) < _MOST_COMPLAINTS:
            self._complaints.add(text)
            write(sys.stderr, text)


def _said(error: Exception) -> str:
    from orch.engine.outcomes import described

    return described(error)


def fitting(message: str) -> str:
    """The message as the contract takes it: valid UTF-8 without NUL, of at most 256 KiB."""
    if "\x00" in message:
        message = message.replace("\x00", "\\x00")
    if len(message) <= _SURELY_FITS and message.isascii():
        return message
    encoded = message.encode("utf-8", "backslashreplace")
    if len(encoded) > _MAX_BYTES:
        cut = f"… (cut: {len(encoded)} bytes)"
        return encoded[: _MAX_BYTES - len(cut) - 8].decode("utf-8", "ignore") + cut
    return encoded.decode("utf-8")


capture = Capture()
