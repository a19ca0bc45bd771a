"""Whether somebody is at a terminal, and text that can do no harm there."""

import os
import re
import sys

import click

# Colours and the like, which may stay; any other sequence could move the cursor or retitle the window.
_SEQUENCE = re.compile(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)?|[@-_])")
_COLOUR = re.compile(r"\x1b\[[0-9;:]*m")
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1a\x1c-\x1f\x7f-\x9f]")


def stdout_is_terminal() -> bool:
    """Whether people read standard output, at a terminal that can do more than print lines."""
    return sys.stdout.isatty() and os.environ.get("TERM") != "dumb"


def stdin_is_terminal() -> bool:
    """Whether there is somebody to ask."""
    return sys.stdin is not None and sys.stdin.isatty()


def clean(text: str, *, colours: bool = False) -> str:
    """Text of somebody else's (a name, a log line) without what a terminal would act on; colours may be kept.

    Line breaks and tabs stay.
    """

    def kept(match: re.Match[str]) -> str:
        return match.group() if colours and _COLOUR.fullmatch(match.group()) else ""

    if not ("\x1b" in text or _CONTROL.search(text)):
        return text
    cleaned = _CONTROL.sub("", _SEQUENCE.sub(kept, text))
    return cleaned if colours else cleaned.replace("\x1b", "")


def say(text: str) -> None:
    """A line, or several, on standard output."""
    click.echo(text)


def note(text: str) -> None:
    """A remark for whoever is there, on standard error: it is not what was asked for."""
    click.echo(text, err=True)
