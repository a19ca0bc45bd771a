"""Flows whose code is elsewhere: `flow.from_source`."""

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from orch.deployments.sources import LocalFolder, PullStep, Source, source_of
from orch.errors import ConfigurationError

if TYPE_CHECKING:
    from orch.flows import Flow

# What a worker would do, done by the worker's package: in a process of its own, since the SDK does not import it.
_FETCH = """
import asyncio, json, os, sys
from pathlib import Path
from orch_worker.code import CodeError, prepare

try:
    prepared = asyncio.run(prepare(sys.argv[1], cache=Path(sys.argv[2]), environment=dict(os.environ)))
except CodeError as error:
    sys.exit(str(error))
print(json.dumps(str(prepared.folder)))
"""


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a flow's code comes from."""

    source: PullStep
    entrypoint: str
    """Seen from the source."""


def flow_from_source(source: Source, entrypoint: str) -> "Flow[..., Any]":
    """Fetch the code, and load the flow. Raises ConfigurationError where it cannot be had, EntrypointError."""
    from orch.run.entrypoint import load_flow

    step = source_of(source)
    found = load_flow(entrypoint, _folder(step))
    found.origin = Origin(step, entrypoint)
    return found


def _folder(step: PullStep) -> Path:
    if isinstance(step, LocalFolder):
        return Path(step.path)
    from orch.settings import current_settings

    cache = current_settings().home / "cache" / "code"
    command = [sys.executable, "-c", _FETCH, json.dumps([step.step()]), str(cache)]
    done = subprocess.run(command, env=dict(os.environ), capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise ConfigurationError(f"The code cannot be had. {done.stderr.strip()}")
    return Path(json.loads(done.stdout))
