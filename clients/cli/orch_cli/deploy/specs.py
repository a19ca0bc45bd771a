"""From what an author says of a deployment to its spec: a flow is loaded, a command is taken as it is."""

import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, redirect_stdout
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from orch.deployments.of_flow import DeploymentOptions, spec_of_flow
from orch.deployments.sources import LocalFolder
from orch.deployments.spec import AT_LIMIT, DEFAULT, DeploymentSpec
from orch.errors import ConfigurationError, OrchError
from orch_cli.deploy.entries import Entry
from orch_cli.failures import Wrong

if TYPE_CHECKING:
    from orch.flows import Flow

T = TypeVar("T")

_OF_THE_FLOW = ("crash_restarts", "durable", "exclusive", "parameter_schema")
"""What the flow itself says."""
_NAMES = {"work_pool": "work_pool_name", "work_queue": "work_queue_name", "retry_delay": "retry_delay_seconds"}
_PASSED_ON = (
    "description",
    "tags",
    "work_pool",
    "work_queue",
    "parameters",
    "enforce_parameter_schema",
    "job_variables",
    "concurrency_limit",
    "at_limit",
    "retries",
    "retry_delay",
    "retry_jitter_factor",
    "paused",
    "schedules",
)


def spec_of(entry: Entry, folder: Path) -> DeploymentSpec:
    """The spec. `folder`: what relative paths are seen from. Raises errors of the SDK, in words."""
    if not entry.get("name"):
        raise ConfigurationError("it has no name.")
    if "command" in entry and "entrypoint" in entry:
        raise ConfigurationError("an entrypoint and a command are given; a run is started by one of them.")
    if "command" in entry:
        return _of_command(entry, folder)
    if "entrypoint" not in entry:
        raise ConfigurationError("it has neither an entrypoint nor a command.")
    return _of_flow(entry, folder)


def _steps(entry: Entry, folder: Path) -> tuple[Mapping[str, Any], ...]:
    """The pull steps: those that are given, or else this folder. Folders are absolute then."""
    if "pull" not in entry:
        return (LocalFolder(str(folder)).step(),)
    return tuple(
        {**each, "path": str(folder / Path(each["path"]).expanduser())} if each.get("step") == "local" else each
        for each in entry["pull"]
    )


def _of_command(entry: Entry, folder: Path) -> DeploymentSpec:
    return DeploymentSpec(
        name=entry["name"],
        flow_name=entry.get("flow") or entry["name"],
        command=entry["command"],
        description=entry.get("description", ""),
        tags=tuple(sorted(set(entry.get("tags", ())))),
        work_pool_name=entry.get("work_pool", DEFAULT),
        work_queue_name=entry.get("work_queue", DEFAULT),
        parameters=entry.get("parameters", {}),
        parameter_schema=entry.get("parameter_schema"),
        pull_steps=_steps(entry, folder),
        job_variables=entry.get("job_variables", {}),
        concurrency_limit=entry.get("concurrency_limit"),
        at_limit=entry.get("at_limit", AT_LIMIT[0]),
        retries=entry.get("retries", 0),
        retry_delays_seconds=entry.get("retry_delay", ()),
        retry_jitter_factor=entry.get("retry_jitter_factor", 0.0),
        crash_restarts=entry.get("crash_restarts", 0),
        durable=entry.get("durable", False),
        exclusive=entry.get("exclusive", False),
        paused=entry.get("paused"),
        schedules=entry.get("schedules"),
    )


def _of_flow(entry: Entry, folder: Path) -> DeploymentSpec:
    own = [key for key in _OF_THE_FLOW if key in entry]
    if own:
        raise ConfigurationError(f"{own[0]!r} is for commands: a flow says that itself, @flow({own[0]}=…).")
    with forgotten_modules(folder):
        return _of_loaded(load(entry["entrypoint"], folder), entry, folder)


def _of_loaded(found: "Flow[..., Any]", entry: Entry, folder: Path) -> DeploymentSpec:
    if entry.get("flow") not in {None, found.name}:
        raise ConfigurationError(
            f"{entry['entrypoint']} is the flow {found.name!r}, not {entry['flow']!r}: leave `flow` out."
        )
    options = {_NAMES.get(key, key): entry[key] for key in _PASSED_ON if key in entry}
    options |= {"entrypoint": entry["entrypoint"], "source": str(folder)}
    typed: DeploymentOptions = options  # type: ignore[assignment]  # read by `entries`
    return replace(spec_of_flow(found, entry["name"], typed), pull_steps=_steps(entry, folder))


def completed(entrypoint: str, folder: Path) -> str:
    """An entrypoint: of a file with one flow, that flow's. Raises Wrong where there are none, or several."""
    if ":" in entrypoint or not entrypoint.endswith(".py"):
        return entrypoint
    from orch.run.entrypoint import flows_of_file

    names = _loading(lambda: flows_of_file(entrypoint, folder))
    if len(names) == 1:
        return f"{entrypoint}:{names[0]}"
    if not names:
        raise Wrong(f"There are no flows in {entrypoint}: write @flow above the function.")
    raise Wrong(f"Which flow of {entrypoint}? {' or '.join(f'{entrypoint}:{name}' for name in names)}")


@contextmanager
def forgotten_modules(folder: Path) -> Iterator[None]:
    """What is imported from the folder inside the block is forgotten after it: two of its subfolders may each have a
    `helpers.py`, as their runs find them. What is installed from the folder stays: a checkout may be Orch's own.
    """
    modules, path = set(sys.modules), list(sys.path)
    installed = [Path(each) for each in path if each and Path(each) != folder]
    try:
        yield
    finally:
        sys.path[:] = path
        for name in set(sys.modules) - modules:
            file = getattr(sys.modules[name], "__file__", None)
            if file and Path(file).is_relative_to(folder) and not _is_below(Path(file), installed, folder):
                del sys.modules[name]


def _is_below(file: Path, installed: Sequence[Path], folder: Path) -> bool:
    """Whether a file of the folder was found by one of these paths, which lie in it, too."""
    return any(path.is_relative_to(folder) and file.is_relative_to(path) for path in installed)


def load(entrypoint: str, folder: Path) -> "Flow[..., Any]":
    """A flow. What its module prints goes to standard error: standard output is ours."""
    from orch.run.entrypoint import load_flow

    return _loading(lambda: load_flow(entrypoint, folder))


def _loading(work: Callable[[], T]) -> T:
    try:
        with redirect_stdout(sys.stderr):
            return work()
    except OrchError as error:
        if error.__cause__ is not None:
            from orch.tracebacks import user_traceback

            sys.stderr.write(user_traceback(error.__cause__) + "\n")
        raise
