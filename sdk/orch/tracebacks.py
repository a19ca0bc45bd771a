"""Tracebacks that begin in the user's code: the machinery that ran it is left out.

Imported where something has failed; nothing here is needed before.
"""

import os
from collections.abc import Iterator
from traceback import FrameSummary, TracebackException
from types import TracebackType

from orch.errors import OrchError

_MAX_CHARACTERS = 60_000

_HERE = os.path.dirname(os.path.abspath(__file__)) + os.sep
_STANDARD_LIBRARY = os.path.dirname(os.__file__) + os.sep

# Left out wherever they stand.
_HIDDEN = (
    _HERE,
    f"{_STANDARD_LIBRARY}concurrent{os.sep}",
    f"{os.sep}site-packages{os.sep}pydantic{os.sep}",
    f"{os.sep}site-packages{os.sep}pydantic_core{os.sep}",
)
# Where nothing else is beneath an error of Orch's, its causes are left out.
_MACHINERY = (
    _HERE,
    *(f"{os.sep}{package}{os.sep}" for package in ("orch_client", "orch_proto", "orch_server", "site-packages")),
    _STANDARD_LIBRARY,
    "<frozen ",
)
# Left out where code of the user's follows: they called it. In the end, the user called them, and wants to see where.
_CALLERS = (
    f"{_STANDARD_LIBRARY}asyncio{os.sep}",
    f"{_STANDARD_LIBRARY}contextlib.py",
    f"{_STANDARD_LIBRARY}contextvars.py",
    f"{_STANDARD_LIBRARY}threading.py",
    "<frozen runpy>",
    "<frozen importlib",
)


def user_traceback(error: BaseException) -> str:
    """The traceback of an exception and its causes as Python prints it, without Orch's own frames and the like.

    Where no code of the user's is in it, an error of Orch's has no frames, and any other keeps all of them. Cut to
    60,000 characters, the newest of them.
    """
    found = user_frames(error)
    if found:
        return found
    only = TracebackException.from_exception(error).format_exception_only()
    return "".join(only).rstrip("\n")[:_MAX_CHARACTERS]


def user_frames(error: BaseException) -> str:
    """The same, but nothing where it would be an error of Orch's without frames: its own text says it all."""
    described = TracebackException.from_exception(error)
    _leave_out_causes(error, described)
    chain = list(_chain(described, set()))
    shown = [_of_the_user(each.stack) for each in chain]
    if any(shown) or any(_says_where(each) for each in chain):
        for each, frames in zip(chain, shown, strict=True):
            each.stack[:] = frames
    elif isinstance(error, OrchError):
        # It says in words what is wrong with something that was given to Orch.
        return ""
    text = "".join(described.format()).rstrip("\n")
    return text if len(text) <= _MAX_CHARACTERS else f"[… cut …]\n{text[-_MAX_CHARACTERS:]}"


def _says_where(described: TracebackException) -> bool:
    """Whether its text names the place, so that no frame need: a file that is no Python, or what was raised in a task's
    process, whose frames are the text of its cause.
    """
    return issubclass(described.exc_type, SyntaxError) or described.exc_type.__name__ == "RemoteTraceback"


def _leave_out_causes(error: BaseException, described: TracebackException) -> None:
    """Orch's errors say why. How that came about inside of Orch and the libraries beneath it tells a user nothing."""
    cause = described.__cause__
    if cause is None or error.__cause__ is None:
        return
    frames = [frame for each in _chain(cause, set()) for frame in each.stack]
    if isinstance(error, OrchError) and frames and all(_is_in(frame, _MACHINERY) for frame in frames):
        described.__cause__, described.__suppress_context__ = None, True
    else:
        _leave_out_causes(error.__cause__, cause)


def has_own_frames(traceback: TracebackType | None) -> bool:
    """Whether an exception with this traceback passed Orch's code."""
    while traceback is not None:
        if traceback.tb_frame.f_code.co_filename.startswith(_HERE):
            return True
        traceback = traceback.tb_next
    return False


def from_the_user(traceback: TracebackType | None) -> TracebackType | None:
    """A traceback without Orch's frames that come first; whole where there are no others."""
    found = traceback
    while found is not None and found.tb_frame.f_code.co_filename.startswith(_HERE):
        found = found.tb_next
    return found or traceback


def _chain(described: TracebackException | None, seen: set[int]) -> Iterator[TracebackException]:
    """An exception with its causes, contexts and members, each once."""
    if described is None or id(described) in seen:
        return
    seen.add(id(described))
    yield described
    for other in (described.__cause__, described.__context__, *(described.exceptions or ())):
        yield from _chain(other, seen)


def _of_the_user(frames: list[FrameSummary]) -> list[FrameSummary]:
    """The frames to show; none where no code of the user's is among them."""
    kept = [frame for frame in frames if not _is_in(frame, _HIDDEN)]
    is_users = [not _is_in(frame, _CALLERS) for frame in kept]
    last = max((index for index, users in enumerate(is_users) if users), default=-1)
    if last < 0:
        return []
    return [frame for index, frame in enumerate(kept) if is_users[index] or index > last]


def _is_in(frame: FrameSummary, places: tuple[str, ...]) -> bool:
    return any(place in frame.filename for place in places)
