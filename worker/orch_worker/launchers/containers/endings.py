"""How a container's main process ended, in words, as far as its exit code tells."""

from orch_worker.launchers.base import Ending, Outcome
from orch_worker.launchers.endings import code_in_words, signal_meaning, signal_name, signal_of
from orch_worker.launchers.results import MAX_RESULT_BYTES, ResultError, checked_result

CODE_NOT_READY = 125
"""What `python -m orch_worker.code` ends with when the pull steps did not succeed."""
_NO_SDK = ("No module named orch", "No module named orch.run", "No module named 'orch')")
_NO_WRAPPER = ("No module named orch_worker", "No module named orch_worker.code", "No module named 'orch_worker')")


def ending_of_exit(code: int, *, wrapped: bool = False, last_line: str = "") -> Ending:
    """The end of a container that ended by itself, or by a signal of which no more is known.

    wrapped: its pull steps came first (`Contents.wrapped`). last_line: of what it wrote, if that is known: needed for
    the codes 1 and 125 only.
    """
    if code == 0:
        return Ending(Outcome.COMPLETED, "It ended with exit code 0.", 0)
    if wrapped and code == CODE_NOT_READY:
        return Ending(Outcome.LAUNCH_FAILED, last_line or "The pull steps failed; its lines say why.", code)
    number = signal_of(code)
    if number is not None:
        return Ending(
            Outcome.CRASHED, f"It was ended by {signal_name(number)}. {signal_meaning(number)}".rstrip(), code
        )
    return Ending(Outcome.FAILED, f"It ended with exit code {code_in_words(code)}.{_hint(code, last_line)}", code)


def with_result(ending: Ending, content: bytes, *, max_bytes: int = MAX_RESULT_BYTES) -> Ending:
    """The end of a command that ended well, with the content of its result file; a file that holds no result fails it.

    `content`: one byte more than `max_bytes` is enough, where it is larger.
    """
    try:
        result = checked_result(content, max_bytes=max_bytes)
    except ResultError as error:
        return Ending(Outcome.FAILED, f"It ended with exit code 0, but {error}", 0)
    return Ending(ending.outcome, ending.message, ending.exit_code, result)


def _hint(code: int, last_line: str) -> str:
    if code == 1 and last_line.endswith(_NO_SDK):
        return " The Python of its image has no Orch: pip install orch there."
    if code == 1 and last_line.endswith(_NO_WRAPPER):
        return " The Python of its image has no Orch, which does the pull steps: pip install orch there."
    return ""
