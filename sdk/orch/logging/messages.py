"""A log record as text, whatever its arguments do when they are formatted."""

import logging
from contextlib import suppress

_TOLD = "_orch_told"


def message_of(record: logging.LogRecord) -> str:
    """The message, and the traceback where there is one, which begins in the user's code.

    A record whose arguments do not fit its message, or whose arguments raise when they are made text, is described.
    """
    try:
        message = record.getMessage()
    except Exception as error:  # arguments are the user's objects
        message = f"{_raw(record)} (its arguments could not be formatted: {type(error).__name__})"
    raised = record.exc_info[1] if record.exc_info else None
    if raised is not None:
        from orch.tracebacks import user_frames, user_traceback

        # An error of Orch's without frames has no more to tell than its text.
        if user_frames(raised) or str(raised) not in message:
            message = f"{message}\n{user_traceback(raised)}"
    return f"{message}\n{record.stack_info}" if record.stack_info else message


def mark_told(error: BaseException) -> None:
    """Remember that a run's log holds this exception's traceback."""
    with suppress(Exception):  # an exception may forbid attributes: then it is told once more
        BaseException.__setattr__(error, _TOLD, True)  # past a __setattr__ of the user's


def was_told(error: BaseException) -> bool:
    """Whether a run's log holds this exception's traceback: then nobody needs to tell it again."""
    try:
        return bool(BaseException.__getattribute__(error, _TOLD))
    except AttributeError:
        return False


def _raw(record: logging.LogRecord) -> str:
    return record.msg if isinstance(record.msg, str) else f"<{type(record.msg).__name__}>"
