"""What a check finds: how it is, in words, and how to mend it."""

from dataclasses import dataclass
from enum import StrEnum


class Status(StrEnum):
    """How bad it is."""

    OK = "ok"
    NOTE = "note"
    """Worth knowing."""
    WARNING = "warning"
    """It works, but will not always."""
    WRONG = "wrong"
    """It does not work."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at."""

    status: Status
    subject: str
    """What: "disk", "control plane" …"""
    message: str
    """How it is."""
    remedy: str = ""
    """What to do; empty where nothing has to be done."""


def ok(subject: str, message: str) -> Finding:
    """All is well."""
    return Finding(Status.OK, subject, message)


def remark(subject: str, message: str, remedy: str = "") -> Finding:
    """Worth knowing, and not bad."""
    return Finding(Status.NOTE, subject, message, remedy)


def warning(subject: str, message: str, remedy: str) -> Finding:
    """It works, but will not always."""
    return Finding(Status.WARNING, subject, message, remedy)


def wrong(subject: str, message: str, remedy: str) -> Finding:
    """It does not work."""
    return Finding(Status.WRONG, subject, message, remedy)
