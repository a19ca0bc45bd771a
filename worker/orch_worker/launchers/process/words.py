"""What happened to a process, for people."""

import errno
import signal
from collections.abc import Mapping, Sequence
from pathlib import Path

from orch_worker.launchers.base import Ending, Outcome
from orch_worker.launchers.endings import code_in_words, signal_meaning, signal_name
from orch_worker.launchers.process.folders import RESULT, SPOOL, EndingFacts
from orch_worker.launchers.process.orders import FORK, KEEP, Order, StartFailure
from orch_worker.launchers.process.results import read_result
from orch_worker.launchers.process.spool import last_line
from orch_worker.launchers.process.variables import limit_name
from orch_worker.launchers.results import ResultError

_NO_SDK = (b"No module named orch", b"No module named orch.run", b"No module named 'orch')")
_MEBIBYTE = 1024 * 1024
_NO_PROCESS = frozenset({errno.EAGAIN, errno.ENOMEM, errno.EMFILE, errno.ENFILE})
_OF_LIMITS: Mapping[int, str] = {
    signal.SIGXCPU: "It used more processor time than its limit (cpu_seconds) allows.",
    signal.SIGXFSZ: "It wrote a file larger than its limit (file_mb) allows.",
}


def ending_of(facts: EndingFacts, folder: Path) -> Ending:
    """The end of an attempt, in words; its folder may hold its result."""
    if facts.lost:
        return Ending(Outcome.CRASHED, facts.lost)
    notes = _notes(facts)
    if facts.signal is not None:
        return Ending(Outcome.CRASHED, " ".join([_signalled(facts), *notes]))
    code = facts.exit_code or 0
    if code == 0:
        return _completed(notes, folder / RESULT)
    if code == 1 and last_line(folder / SPOOL).endswith(_NO_SDK):
        notes.append("The Python that was to run the flow has no Orch: pip install orch there.")
    return Ending(Outcome.FAILED, " ".join([f"It ended with exit code {code_in_words(code)}.", *notes]), code)


def _completed(notes: Sequence[str], result: Path) -> Ending:
    try:
        content = read_result(result)
    except ResultError as error:
        return Ending(Outcome.FAILED, f"It ended with exit code 0, but {error}", 0)
    return Ending(Outcome.COMPLETED, " ".join(["It ended with exit code 0.", *notes]), 0, content)


def is_of_machine(failure: StartFailure) -> bool:
    """Whether the machine has no room for any process now, whatever it is."""
    return failure.step == KEEP or (failure.step == FORK and failure.error_number in _NO_PROCESS)


def refusal(failure: StartFailure, order: Order) -> str:
    """Why a process could not be started, and what to do."""
    if failure.step == "command":
        return _command_refusal(failure, order)
    if failure.step == "folder":
        return (
            f"The working folder {order.working_folder} cannot be used: {failure.reason}. "
            "Create it on the worker's machine, or change working_dir or the pull steps of the deployment."
        )
    if failure.step.startswith("limit"):
        return f"{_limit(failure, order)}: {failure.reason}. Change the job variable limits."
    if failure.step == KEEP:
        return f"The worker cannot keep an attempt's files: {failure.reason}. Make room on the disk of its home."
    if failure.error_number in _NO_PROCESS:
        return (
            f"The worker's machine has no room for another process: {failure.reason}. "
            "Lower the worker's --limit, or raise what the machine allows (ulimit -u, ulimit -n, memory)."
        )
    return f"The process could not be started ({failure.step}): {failure.reason}."


def _command_refusal(failure: StartFailure, order: Order) -> str:
    program = order.command[0]
    if failure.error_number == errno.ENOENT:
        script = Path(order.working_folder, program)
        if "/" in program and script.exists():
            return f"The interpreter that the first line of {program} names was not found. Install it, or name another."
        if program.startswith("/"):
            return f"Command not found: there is no {program}. Install it on the worker's machine, or correct it."
        where = f"in {order.working_folder}" if "/" in program else f"on the PATH ({order.environment.get('PATH', '')})"
        return f"Command not found: {program} is not {where}. Install it on the worker's machine, or correct it."
    if failure.error_number == errno.EACCES:
        return f"{program} may not be executed: {failure.reason}. Make it executable (chmod +x)."
    if failure.error_number == errno.ENOEXEC:
        return f"{program} is no program for this machine; a script needs a first line like #!/bin/sh."
    if failure.error_number == errno.E2BIG:
        return "Command and environment are larger than this system allows: pass large values by file."
    return f"{program} could not be started: {failure.reason}."


def _limit(failure: StartFailure, order: Order) -> str:
    limit = failure.step.partition(" ")[2]
    name, unit = limit_name(limit)
    return f"The limit {name} cannot be set to {order.limits.get(limit, 0) // unit} ({limit})"


def _signalled(facts: EndingFacts) -> str:
    number = facts.signal or 0
    if facts.orphaned:
        return "It is exclusive, and was killed since its worker was dead or halted: it might have started elsewhere."
    if facts.stopped:
        is_forced = facts.forced and number == signal.SIGKILL
        how = "did not end in time when it was asked to, and was killed" if is_forced else "ended when it was asked to"
        return f"It {how} ({signal_name(number)})."
    if number == signal.SIGKILL and facts.out_of_memory:
        return (
            f"It was killed (SIGKILL) because there was no memory left; it had used {_mebibytes(facts)} itself. "
            "Let it use less, run fewer at a time (the worker's --limit), or give it a larger machine."
        )
    if number == signal.SIGKILL:
        return (
            f"It was killed (SIGKILL): somebody, or the system, killed it. It had used {_mebibytes(facts)} of memory."
        )
    return f"It was ended by {signal_name(number)}. {_OF_LIMITS.get(number, signal_meaning(number))}".rstrip()


def _notes(facts: EndingFacts) -> list[str]:
    notes = []
    if facts.out_of_memory and not _is_kill(facts):
        notes.append("While it ran, the system killed a process for want of memory.")
    if facts.memory_limit_bytes and not _is_well(facts):
        limit = facts.memory_limit_bytes / _MEBIBYTE
        notes.append(f"It may allocate {limit:.0f} MiB (memory_mb), and has used {_mebibytes(facts)}.")
    if facts.lost_lines:
        notes.append(f"{facts.lost_lines} of its lines were lost: the disk of the worker's home was full.")
    return notes


def _is_kill(facts: EndingFacts) -> bool:
    return facts.signal == signal.SIGKILL


def _is_well(facts: EndingFacts) -> bool:
    return facts.signal is None and facts.exit_code == 0


def _mebibytes(facts: EndingFacts) -> str:
    return f"{facts.peak_memory_bytes / _MEBIBYTE:.0f} MiB"
