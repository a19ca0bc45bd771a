"""Whether somebody is at a terminal, and text that can do no harm there."""

import os
import re
import sys

import click

# Colours and the like, which may stay; any other sequence could move the cursor or retitle the window.
_SEQUENCE = re.compile(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)?|[@-_])")
_COLOUR = re.compile(r"\x1b\[[0-9;:]*m")
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1a\x1c-\x1f\x7f-\x9f]")
_NO_COLOUR = re.compile(r"\x1b(?!\[[0-9;:]*m)")
# They turn the order of what stands around them, or break lines where none seem to be: "txt.exe" looks like "exe.txt".
_UNSEEN = re.compile("[\u061c\u200e\u200f\u2028\u2029\u202a-\u202e\u2066-\u2069]")
_NOT_IN_JSON = re.compile(f"[\x7f-\x9f{_UNSEEN.pattern[1:]}")


def stdout_is_terminal() -> bool:
    """Whether people read standard output, at a terminal that can do more than print lines."""
    return sys.stdout.isatty() and os.environ.get("TERM") != "dumb"


def stdin_is_terminal() -> bool:
    """Whether there is somebody to ask."""
    return sys.stdin is not None and sys.stdin.isatty()


def clean(text: str, *, colours: bool = False) -> str:
    """Text of somebody else's (a name, a log line) without what a terminal would act on; colours may be kept.

    Line breaks and tabs stay. Characters that change the direction of writing are shown as what they are: "\\u202e".
    """

    def kept(match: re.Match[str]) -> str:
        return match.group() if colours and _COLOUR.fullmatch(match.group()) else ""

    if _UNSEEN.search(text):
        text = _UNSEEN.sub(_code, text)
    if not ("\x1b" in text or _CONTROL.search(text)):
        return text
    cleaned = _CONTROL.sub("", _SEQUENCE.sub(kept, text))
    # What was cut may have joined what stood around it.
    return _NO_COLOUR.sub("", cleaned) if colours else cleaned.replace("\x1b", "")


def one_line(text: str) -> str:
    """The same, on one line: names that hold line breaks must not look like lines of Orch's own."""
    return " ".join(clean(text).split())


def escaped(document: str) -> str:
    """JSON, or a YAML document whose texts with such characters are quoted: the same data, that no terminal acts on."""
    return _NOT_IN_JSON.sub(_code, document)


def is_unseen(text: str) -> bool:
    """Whether it holds characters that `clean` shows by their codes."""
    return _UNSEEN.search(text) is not None


def _code(match: re.Match[str]) -> str:
    return f"\\u{ord(match.group()):04x}"


def say(text: str) -> None:
    """A line, or several, on standard output."""
    click.echo(clean(text, colours=True))


def note(text: str) -> None:
    """A remark for whoever is there, on standard error: it is not what was asked for."""
    click.echo(clean(text, colours=True), err=True)
