"""What worker and host say to each other: JSON objects, one a line. Standard library only.

worker                                              host
                                               ◀──  {"hello": 1, "pid": …, "version": …, "sources": {…}}
{"id": 1, "do": "launch", "order": {…}}        ──▶
                                               ◀──  {"id": 1, "answer": {"pid": 4711}}, or "failure": {…}
                                               ◀──  {"output": [names]}, whenever attempts have written lines
{"id": 2, "do": "list"}                        ──▶
{"id": 3, "do": "stop", "attempt": name, "grace_seconds": 30}  ──▶
                                               ◀──  {"ended": name, "facts": {…}}
                                               ◀──  {"vouch": true}, while exclusive attempts run; then false
{"id": 4, "do": "vouch"}, every now and then   ──▶
{"id": 5, "do": "retire"}                      ──▶  the host ends as soon as nothing runs
{"id": 6, "do": "leave"}                       ──▶  so it does, unless another worker connects
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

PROTOCOL = 1
"""Rises when host and worker of different versions could not understand each other."""
VOUCH_SECONDS = 0.5
"""How often a worker vouches for exclusive attempts."""


FORK = "fork"
"""The step of becoming a process at all."""
KEEP = "keep"
"""The step of writing down who runs an attempt, without which it must not run."""


@dataclass(frozen=True, slots=True)
class Order:
    """One process to start."""

    attempt: str
    """The name of its folder."""
    folder: str
    """Its folder, absolute."""
    working_folder: str
    environment: Mapping[str, str] = field(repr=False)
    """All of it: nothing is inherited."""
    command: tuple[str, ...] = ()
    """The program and its arguments."""
    call: str = ""
    """Instead of a command, "module:function", to be called in a fork of the host."""
    limits: Mapping[str, int] = field(default_factory=dict)
    """By the names of the module `resource`: {"RLIMIT_NOFILE": 1024}."""
    captures: bool = True
    """Whether its lines are kept."""
    exclusive: bool = False
    """Whether it must not outlive its worker's word that it may run."""


@dataclass(frozen=True, slots=True)
class StartFailure:
    """Why a process could not be started."""

    step: str
    """At what: FORK, KEEP, "folder", "limit …", "command"."""
    error_number: int
    reason: str
    """In the system's words."""


def encode(message: Mapping[str, Any]) -> bytes:
    """A message, ready to be sent."""
    return json.dumps(message, separators=(",", ":")).encode() + b"\n"


def decode(line: bytes) -> dict[str, Any]:
    """A message that was received. Raises ValueError."""
    message: dict[str, Any] = json.loads(line)
    return message


def decode_order(content: Mapping[str, Any]) -> Order:
    """The order in a "launch" message."""
    return Order(**{**content, "command": tuple(content["command"])})
