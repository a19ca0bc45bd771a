"""Fetches an archive and unpacks it.

Both happen in a process of their own (`orch_worker.code.unpacking`): a download can then be stopped at any moment, and
the libraries of cloud storage, which are large, do not stay in the worker.
"""

import json
import os
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from orch_worker.code.errors import CodeError
from orch_worker.code.programs import run_program
from orch_worker.code.steps import ArchiveStep
from orch_worker.code.store import Hold, Store


@dataclass(frozen=True, slots=True)
class Unpacked:
    """An archive's files."""

    folder: Path
    sha256: str
    """Of the archive."""
    hold: Hold


async def unpack(
    step: ArchiveStep, store: Store, environment: Mapping[str, str], tell: Callable[[str], None]
) -> Unpacked:
    """The files of the archive that a step names, in a folder that all its runs share. Raises CodeError, in words."""
    options = _filled_in(step.storage_options, environment)
    source = {"url": step.url, "storage_options": options, "sha256": step.sha256}
    with store.scratch() as scratch:
        file = str(scratch / "archive")
        secrets = tuple(_texts(options))

        async def call(**request: object) -> str:
            return await _call({"file": file, **request}, step, environment, secrets)

        if step.sha256 is None:
            tell(f"Fetching {step.url}. With its sha256 in the pull step, it would be fetched once only.")
            digest, source = await call(source=source), {}
        else:
            digest = step.sha256

        async def make(folder: Path) -> None:
            tell(f"Unpacking {step.url}.")
            await call(source=source, folder=str(folder))

        hold = await store.use("archives", digest, make)
    return Unpacked(hold.entries[0], digest, hold)


async def _call(
    request: Mapping[str, object], step: ArchiveStep, environment: Mapping[str, str], secrets: Sequence[str]
) -> str:
    # -P: what lies about in the worker's working folder is none of its modules.
    command = [sys.executable, "-P", "-m", "orch_worker.code.unpacking"]
    # The same packages as this process has, whatever the run's own Python is told.
    surroundings = {**environment, "PYTHONPATH": os.pathsep.join(filter(None, sys.path)), "PYTHONHOME": ""}
    finished = await run_program(
        command, environment=surroundings, timeout_seconds=step.timeout_seconds, given=json.dumps(request)
    )
    if not finished.well:
        raise CodeError(f"The archive {step.url} cannot be used: {finished.last_lines(*secrets)}")
    return finished.output.strip()


def _filled_in(value: Mapping[str, object], environment: Mapping[str, str]) -> dict[str, object]:
    """Options with what stands for variables of the environment replaced by their values."""

    def filled(value: object) -> object:
        if not isinstance(value, dict):
            return value
        if set(value) != {"env"}:
            return {name: filled(each) for name, each in value.items()}
        if value["env"] not in environment:
            raise CodeError(
                f"The pull step's storage_options name the variable {value['env']}, which the worker's environment "
                "does not have. Start the worker with it."
            )
        return environment[value["env"]]

    return {name: filled(each) for name, each in value.items()}


def _texts(value: object) -> Iterator[str]:
    """All texts in options: any of them may be a key."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for each in value.values():
            yield from _texts(each)
