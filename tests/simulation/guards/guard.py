"""What a guard is."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, TypeAlias

import pytest

from orch_server.storage.scope import Kind
from tests.simulation.scene import Scene

Patch = pytest.MonkeyPatch
Whatever: TypeAlias = Any
"""What a patched function hands on without looking at it."""
BOTH: tuple[Kind, ...] = ("sqlite", "postgresql")
POSTGRES: tuple[Kind, ...] = ("postgresql",)
SQLITE: tuple[Kind, ...] = ("sqlite",)


@dataclass(frozen=True)
class Guard:
    """A guard of one invariant."""

    invariant: int
    name: str
    check: Callable[[Scene], Awaitable[None]]
    take_out: Callable[[Patch], None]
    kinds: tuple[Kind, ...] = BOTH
