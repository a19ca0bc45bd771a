"""What became of a container, in words: made of what the engine knows of it, and of what was heard meanwhile."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from signal import SIGKILL
from typing import Any

from orch_worker.launchers.base import Ending, Outcome
from orch_worker.launchers.containers.endings import ending_of_exit
from orch_worker.launchers.endings import signal_name, signal_of

_MEBIBYTE = 1024 * 1024
_INIT_FAILED = "[FATAL tini"
"""How the last line begins where the engine's init could not start the command."""
_NOT_STARTED = (126, 127)
_CODE_UNKNOWN = 255
"""What an engine says that has not seen a container's end. One that has seen it has told of it (the event `die`)."""


@dataclass(slots=True)
class Circumstances:
    """What was heard of a container while it ran."""

    stopped: bool = False
    """Its worker has asked it to end."""
    forced: bool = False
    """Its worker has killed it."""
    signal: int | None = None
    """Somebody else has sent it this, through the engine."""
    exit_code: int | None = None
    """What the engine said when it ended: all that is left of one that was removed."""
    engine_was_away: bool = False
    """It ended while the engine did not answer."""


def is_over(inspected: Mapping[str, Any]) -> bool:
    """Whether a container has ended. One that was never started has not."""
    return inspected["State"]["Status"] in ("exited", "dead", "removing")


def is_being_removed(inspected: Mapping[str, Any]) -> bool:
    """Whether nothing more will be learnt of it."""
    return inspected["State"]["Status"] in ("dead", "removing")


def never_started() -> Ending:
    """Of a container whose worker died before it had started it."""
    return Ending(Outcome.LAUNCH_FAILED, "Its worker ended before it had started the container.")


def removed(heard: Circumstances) -> Ending:
    """The end of a container that is not there any more."""
    killed = heard.exit_code is None or signal_of(heard.exit_code) == SIGKILL
    if heard.stopped and killed:
        return Ending(Outcome.CRASHED, "It was stopped, as asked, and its container is removed.", heard.exit_code)
    if heard.exit_code is None or killed:
        when = "while the Docker engine was away" if heard.engine_was_away else "while it ran"
        return Ending(
            Outcome.CRASHED,
            f"Its container was removed {when}: somebody, or something, did that on the engine (docker rm -f).",
            heard.exit_code,
        )
    ending = ending_of_exit(heard.exit_code)
    return replace(ending, message=f"{ending.message} Its container was removed before its result could be read.")


def ended(inspected: Mapping[str, Any], heard: Circumstances, *, wrapped: bool = False, last_line: str = "") -> Ending:
    """The end of a container that has ended. `last_line`: see `needs_last_line`."""
    code = int(inspected["State"]["ExitCode"])
    if code in _NOT_STARTED and last_line.startswith(_INIT_FAILED):
        return Ending(Outcome.LAUNCH_FAILED, _not_started(inspected, last_line), code)
    if code == _CODE_UNKNOWN and heard.exit_code is None:
        return Ending(
            Outcome.CRASHED,
            "Nobody can tell how it ended: the engine says 255, as it does where itself or its machine went down while"
            " the container ran.",
            code,
        )
    ending = ending_of_exit(code, wrapped=wrapped, last_line=last_line)
    if words := _of_signal(signal_of(code), inspected, heard):
        ending = replace(ending, message=words)
    return replace(ending, message=" ".join([ending.message, *_notes(inspected, ending, heard)]))


def unreadable(path: str, why: str) -> Ending:
    """The end of a command whose result file is there, and cannot be read. `why` ends the sentence."""
    return Ending(
        Outcome.FAILED,
        f"It ended with exit code 0, but its result file (ORCH_RESULT_FILE) {path} cannot be read: {why}",
        0,
    )


def needs_last_line(code: int) -> bool:
    """Whether the last line that it wrote may explain this exit code."""
    return code in (1, 125, *_NOT_STARTED)


def _of_signal(number: int | None, inspected: Mapping[str, Any], heard: Circumstances) -> str:
    """Who sent the signal that ended it; empty where nobody knows more than the signal itself."""
    if number is None:
        return ""
    name = signal_name(number)
    if number == SIGKILL and inspected["State"]["OOMKilled"]:
        return _out_of_memory(inspected)
    if heard.stopped:
        if heard.forced and number == SIGKILL:
            return f"It did not end in time when it was asked to, and was killed ({name})."
        return f"It ended when it was asked to ({name})."
    if heard.signal == number:
        # An engine that stops sends them the same.
        return (
            f"Its container was ended with {name} through the engine: by somebody (docker stop, docker kill), or by the"
            " Docker engine itself, because it was stopped."
        )
    if heard.engine_was_away:
        return (
            f"It was ended by {name} while the Docker engine was away: an engine that stops ends its containers, unless"
            " its live-restore is on."
        )
    return ""


def _out_of_memory(inspected: Mapping[str, Any]) -> str:
    limit = _memory_limit(inspected)
    if limit:
        return (
            f"It was killed (SIGKILL) because it had used all the memory that it may have: {limit} (mem_limit)."
            " Raise mem_limit, or let it use less."
        )
    return (
        "It was killed (SIGKILL) because there was no memory left on the engine's machine. Let it use less, run fewer"
        " at a time (the worker's --limit), or give it a larger machine."
    )


def _notes(inspected: Mapping[str, Any], ending: Ending, heard: Circumstances) -> list[str]:
    notes = []
    state, was_killed = inspected["State"], signal_of(ending.exit_code or 0) == SIGKILL
    if state["OOMKilled"] and not was_killed:
        limit = _memory_limit(inspected)
        allowed = f": it may have {limit} (mem_limit)" if limit else ""
        notes.append(f"While it ran, the system killed a process in it for want of memory{allowed}.")
    if heard.signal is not None and ending.exit_code and signal_of(ending.exit_code) != heard.signal:
        notes.append(f"It had been sent {signal_name(heard.signal)} through the engine (docker stop, docker kill).")
    if state["Error"]:
        notes.append(f"The engine says: {state['Error']}.")
    return notes


def _not_started(inspected: Mapping[str, Any], last_line: str) -> str:
    image = inspected["Config"]["Image"]
    command = inspected["Config"]["Cmd"] or [""]
    why = last_line.rpartition(":")[2].strip()
    return f"{command[0]} could not be started in the image {image}: {why}. Install it there, or correct the command."


def _memory_limit(inspected: Mapping[str, Any]) -> str:
    size = int(inspected["HostConfig"]["Memory"])
    return f"{size / _MEBIBYTE:.0f} MiB" if size else ""
