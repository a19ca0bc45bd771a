"""Exit codes and signals in words, for people. Standard library only."""

import signal
from collections.abc import Mapping

FIRST_SIGNAL_CODE = 128
"""Shells and container engines say "ended by signal 9" as exit code 128 + 9."""

_CODES: Mapping[int, str] = {
    126: "126: a command that it called may not be executed (is it executable, and a program?)",
    127: "127: a command that it called was not found (is it installed here, and on the PATH?)",
}

_SIGNALS: Mapping[int, str] = {
    signal.SIGKILL: "Somebody, or the system, killed it",
    signal.SIGTERM: "Somebody asked it to end, and it did not catch that",
    signal.SIGINT: "Somebody interrupted it",
    signal.SIGHUP: "Somebody hung up on it",
    signal.SIGSEGV: "Native code in it used memory that is not its own",
    signal.SIGBUS: "Native code in it used memory that is not there; a disk or shared memory may be full",
    signal.SIGABRT: "Native code in it gave up; its last lines may say why",
    signal.SIGFPE: "Native code in it calculated something impossible, such as a division by zero",
    signal.SIGILL: "Native code in it is not made for this processor",
    signal.SIGPIPE: "It wrote to somebody who did not read any more",
    signal.SIGXCPU: "It used more processor time than its limit allows",
    signal.SIGXFSZ: "It wrote a file larger than its limit allows",
    signal.SIGSYS: "It called the system in a way that is forbidden here",
}


def code_in_words(code: int) -> str:
    """The code, and what it usually means: "3", "127: a command that it called was not found …"."""
    if code in _CODES:
        return _CODES[code]
    number = signal_of(code)
    return str(code) if number is None else f"{code}: a program that it called was ended by {signal_name(number)}"


def signal_of(code: int) -> int | None:
    """The signal that an exit code stands for; None: it stands for itself."""
    number = code - FIRST_SIGNAL_CODE
    return number if 0 < number < signal.NSIG else None


def signal_name(number: int) -> str:
    """SIGKILL, for instance."""
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"


def signal_meaning(number: int) -> str:
    """What it usually means that a process was ended by this signal, in a sentence; empty where nobody can tell."""
    meaning = _SIGNALS.get(number)
    return f"{meaning}." if meaning else ""
