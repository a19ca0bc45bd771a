"""What an install step is given, and what it comes to."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from orch_worker.code.steps import InstallStep
from orch_worker.code.store import Hold, Store


@dataclass(frozen=True, slots=True)
class InstallOrder:
    """An install step, with what it needs."""

    step: InstallStep
    file: Path
    """The file that says what to install. It is there."""
    code_is_kept: bool
    """The code lies in the store; otherwise it is a person's folder, in which nothing is written."""
    store: Store
    environment: Mapping[str, str]
    tell: Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Installed:
    """Packages that are ready to be used."""

    environment: Mapping[str, str]
    """To be added to the run's."""
    python: str | None = None
    """The interpreter that has them, where they are Python's."""
    holds: tuple[Hold, ...] = ()


def digest_of(*parts: bytes) -> str:
    """Names what is made of these parts; no two lists of parts have the same."""
    digest = sha256()
    for part in parts:
        digest.update(len(part).to_bytes(8) + part)
    return digest.hexdigest()[:20]


def identity_of(program: Path) -> bytes:
    """Tells a program apart from another version of it, without running it."""
    state = program.resolve().stat()
    return f"{program} {program.resolve()} {state.st_size} {state.st_mtime_ns}".encode()
