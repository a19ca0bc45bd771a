"""What `orch deploy` does: describe, compare, show, ask, apply."""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from orch.deployments.applying import Applied, apply
from orch.deployments.parameter_texts import parse_parameters, parse_value
from orch.deployments.planning import Plan, plan
from orch.deployments.spec import DeploymentSpec
from orch.errors import DeploymentError, OrchError
from orch_cli.connection import client
from orch_cli.deploy.entries import Problems, read_entry
from orch_cli.deploy.job_variables import check_job_variables
from orch_cli.deploy.project import project_file, project_specs
from orch_cli.deploy.showing import plan_document, plan_lines
from orch_cli.deploy.specs import completed, forgotten_modules, load, spec_of
from orch_cli.failures import Wrong
from orch_cli.filters import pairs
from orch_cli.output import Format, confirm, document, note, say
from orch_cli.parameters import read_parameters

if TYPE_CHECKING:
    from orch_client.client import Client

_OF_SCHEDULES = ("time_zone", "catch_up", "catch_up_window", "overlap", "jitter")
_KINDS = ("cron", "interval", "rrule")
_OF_GIT = {"branch": "branch", "git_tag": "tag", "commit": "commit", "credential": "credential"}
_PLAIN = (
    "command",
    "flow",
    "work_pool",
    "work_queue",
    "description",
    "tags",
    "concurrency_limit",
    "at_limit",
    "retries",
    "retry_delay",
    "crash_restarts",
    "paused",
)


def specs_of_file(
    file: str | None, names: Sequence[str], *, everything: bool, options: Mapping[str, Any]
) -> list[DeploymentSpec]:
    """Those of orch.yaml."""
    path = project_file(file)
    if options:
        name = f"--{next(iter(options)).replace('_', '-')}"
        raise Wrong(f"{name} is for one flow: orch deploy FILE:FLOW {name} …; for those of {path}, write it there.")
    if everything and names:
        raise Wrong("--all and --name say different things: give one of them.")
    return project_specs(path, names)


def specs_of_options(
    entrypoint: str | None,
    names: Sequence[str],
    *,
    file: str | None,
    everything: bool,
    options: Mapping[str, Any],
) -> list[DeploymentSpec]:
    """The one that the command line describes. Raises Wrong with all that is wrong."""
    if file or everything:
        raise Wrong("--file and --all are for orch.yaml: leave the flow or the command out.")
    if len(names) != 1:
        raise Wrong(
            "A deployment needs a name: --name nightly."
            if not names
            else f"One deployment is described here, and --name is given {len(names)} times."
        )
    try:
        return [_spec(entrypoint, names[0], options, Path.cwd())]
    except OrchError as error:
        raise Wrong(str(error)) from error


def _spec(entrypoint: str | None, name: str, options: Mapping[str, Any], folder: Path) -> DeploymentSpec:
    if entrypoint:
        with forgotten_modules(folder):
            entrypoint = completed(entrypoint, folder)
    problems = Problems()
    entry = read_entry(_described(entrypoint, name, options, folder), (), problems)
    if problems.found:
        raise Wrong("\n".join(text for _, text in problems.found))
    return spec_of(entry, folder)


def _described(entrypoint: str | None, name: str, options: Mapping[str, Any], folder: Path) -> dict[str, Any]:
    """The command line as orch.yaml would say it."""
    described: dict[str, Any] = {"name": name, **{key: options[key] for key in _PLAIN if key in options}}
    if entrypoint:
        described["entrypoint"] = entrypoint
    for key in ("tags", "retry_delay"):
        if key in described:
            described[key] = list(described[key])
    parameters = _parameters(entrypoint, options, folder)
    if parameters:
        described["parameters"] = parameters
    variables = _job_variables(options)
    if variables:
        described["job_variables"] = variables
    schedules = _schedules(options)
    if schedules is not None:
        described["schedules"] = schedules
    steps = _pull(options)
    if steps is not None:
        described["pull"] = steps
    return described


def _parameters(entrypoint: str | None, options: Mapping[str, Any], folder: Path) -> dict[str, object]:
    """Texts are read by the flow's own annotations."""
    params, params_file = options.get("params", ()), options.get("params_file")
    if not params and not params_file:
        return {}
    schema: Mapping[str, Any] | None = None
    if params and entrypoint:
        from orch.deployments.parameter_schema import parameter_schema

        with forgotten_modules(folder):
            schema = parameter_schema(load(entrypoint, folder))
    from_file = read_parameters((), params_file) if params_file else {}
    return from_file | parse_parameters(params, schema)


def _job_variables(options: Mapping[str, Any]) -> dict[str, Any]:
    """ "limits.memory_mb=512" is a member of `limits`."""
    found: dict[str, Any] = {}
    for name, text in pairs(options.get("job_variables", ()), "--job-variable").items():
        *outer, last = name.split(".")
        place = found
        for part in outer:
            place = place.setdefault(part, {})
            if not isinstance(place, dict):
                raise Wrong(f"--job-variable {name}: {part!r} has a value of its own.")
        place[last] = parse_value(text)
    environment = pairs(options.get("env", ()), "--env")
    if environment:
        others = found.setdefault("env", {})
        if not isinstance(others, dict):
            raise Wrong("--job-variable env is no object, as --env needs it: leave one of the two out.")
        others.update(environment)
    return found


def _schedules(options: Mapping[str, Any]) -> list[dict[str, Any]] | None:
    shared = {
        key: value.total_seconds() if isinstance(value, timedelta) else value
        for key in _OF_SCHEDULES
        if (value := options.get(key)) is not None
    }
    found = [{kind: each, **shared} for kind in _KINDS for each in options.get(kind, ())]
    if options.get("no_schedules"):
        if found:
            raise Wrong("--no-schedules deletes them all, and here is one: leave one of the two out.")
        return []
    if shared and not found:
        name = f"--{next(iter(shared)).replace('_', '-')}"
        raise Wrong(f"{name} is for schedules: give --cron, --interval or --rrule, too.")
    return found or None


def _pull(options: Mapping[str, Any]) -> list[dict[str, Any]] | None:
    of_git = {theirs: options[ours] for ours, theirs in _OF_GIT.items() if ours in options}
    if of_git and "git" not in options:
        raise Wrong(f"--{next(iter(of_git))} is for a repository: give --git URL, too.")
    steps: list[dict[str, Any]] = []
    if "git" in options:
        steps.append({"step": "git", "url": options["git"], **of_git})
    if options.get("no_pull"):
        if steps:
            raise Wrong("--no-pull and --git say different things: give one of them.")
    elif not steps and "requirements" in options:
        if not Path(options["requirements"]).is_file():
            raise Wrong(f"There is no file {options['requirements']} in {Path.cwd()}, which --requirements names.")
        steps.append({"step": "local", "path": "."})
    if "requirements" in options:
        steps.append({"step": "install", "requirements": options["requirements"]})
    return steps if steps or options.get("no_pull") else None


def carry_out(specs: Sequence[DeploymentSpec], *, dry_run: bool, yes: bool, output: Format) -> None:
    """Compare with the control plane, show, ask, and apply."""
    with client() as orch:
        planned = _planned(orch, specs)
        check_job_variables(orch, (each.spec for each in planned.deployments))
        if output is Format.TABLE:
            for line in plan_lines(planned):
                say(line)
        if planned.is_empty or dry_run:
            _report(planned, (), output)
            return
        if not yes:
            confirm("Deploy?", yes=False)
        applied = apply(orch, planned)
        _report(planned, applied, output)
        if output is Format.TABLE:
            _next_steps(orch, planned, applied)


def _planned(orch: "Client", specs: Sequence[DeploymentSpec]) -> Plan:
    try:
        return plan(orch, specs)
    except DeploymentError as error:
        raise Wrong(f"Nothing was deployed.\n{error}") from error


def _report(planned: Plan, applied: Sequence[Applied], output: Format) -> None:
    if output is Format.ID:
        for each in applied:
            say(each.deployment_id)
    elif output is not Format.TABLE:
        say(document(plan_document(planned, applied), output))


def _next_steps(orch: "Client", planned: Plan, applied: Sequence[Applied]) -> None:
    for change, each in zip(planned.deployments, applied, strict=True):
        note(f"{each.slug} {'is unchanged' if change.is_empty else 'is deployed'}, version {each.version}.")
    for pool in sorted({each.spec.work_pool_name for each in planned.deployments}):
        if not _has_workers(orch, pool):
            note(f"No worker serves the pool {pool!r} now: orch worker start --pool {pool}")
    note(f"Run it: orch run {applied[0].slug}")


def _has_workers(orch: "Client", pool: str) -> bool:
    from orch_proto.v1.worker_pb2 import WorkerStatus
    from orch_proto.v1.worker_service_pb2 import ListWorkersRequest

    answer = orch.workers.ListWorkers(ListWorkersRequest(work_pool_name=pool, page_size=1000))
    return any(each.status == WorkerStatus.WORKER_STATUS_ONLINE for each in answer.workers)
