"""From a flow and what its author says of a deployment to the deployment's spec."""

from collections.abc import Iterable, Mapping
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypedDict, TypeVar

from orch.deployments.code_location import locate
from orch.deployments.parameter_schema import check_parameters, parameter_schema
from orch.deployments.sources import LocalFolder, PullStep, Source, source_of
from orch.deployments.spans import seconds_of
from orch.deployments.spec import AT_LIMIT, DEFAULT, DeploymentSpec
from orch.errors import ConfigurationError
from orch.schedules import Cron, Interval, RRule, Schedule, Span

if TYPE_CHECKING:
    from orch.flows import Flow

T = TypeVar("T")


class DeploymentOptions(TypedDict, total=False):
    """What a deployment of a flow may be told."""

    work_pool_name: str | None
    """Where its runs go; "default" where nothing is said."""
    work_queue_name: str | None
    cron: str | Iterable[str] | None
    """One cron line, or several: short for schedules."""
    interval: Span | Iterable[Span] | None
    rrule: str | Iterable[str] | None
    schedule: Schedule | None
    schedules: Iterable[Schedule] | None
    """All of its schedules; an empty list: none. Where nothing is said of any, those that are there stay."""
    parameters: Mapping[str, Any] | None
    """Default parameters."""
    description: str | None
    """None: the flow's."""
    tags: Iterable[str] | None
    """Every run gets them, and the flow's own."""
    paused: bool | None
    """Fire no schedules; None: as it is."""
    concurrency_limit: int | None
    """At most so many runs at once."""
    at_limit: str
    """What happens to a new run then: "queue" (it waits), "skip" (it is cancelled), "cancel_oldest"."""
    enforce_parameter_schema: bool | None
    """Refuse runs whose parameters do not fit. None: as the flow's validate_parameters."""
    job_variables: Mapping[str, Any] | None
    """For the launcher: env, working_dir, limits … (docs/workers.md)."""
    retries: int
    """How often the control plane runs it again in a new process, beside the flow's own retries."""
    retry_delay_seconds: Span | Iterable[Span] | None
    retry_jitter_factor: float
    source: Source | None
    """Where workers get the code from; None: this folder of this machine."""
    install: PullStep | None
    """What they install for it: `Requirements`."""
    entrypoint: str | None
    """"file.py:function" seen from the source; None: as the flow is found here."""


def spec_of_flow(flow: "Flow[..., Any]", name: str, options: DeploymentOptions) -> DeploymentSpec:
    """A deployment of a flow. Raises ConfigurationError for what cannot be right."""
    if unknown := set(options) - set(DeploymentOptions.__annotations__):
        known = ", ".join(sorted(DeploymentOptions.__annotations__))
        raise TypeError(f"A deployment has no option {min(unknown)!r}. There are: {known}.")
    entrypoint, steps = _code(flow, options)
    parameters = dict(options.get("parameters") or {})
    schedules = schedules_of(options)
    check_parameters(flow, parameters, schedules or (), what=f"deployment '{flow.name}/{name}'")
    enforced = options.get("enforce_parameter_schema")
    return DeploymentSpec(
        name=name,
        flow_name=flow.name,
        entrypoint=entrypoint,
        description=_given(options.get("description"), flow.description),
        tags=tuple(sorted({*flow.tags, *(options.get("tags") or ())})),
        work_pool_name=options.get("work_pool_name") or DEFAULT,
        work_queue_name=options.get("work_queue_name") or DEFAULT,
        parameters=parameters,
        parameter_schema=parameter_schema(flow) if _given(enforced, flow.should_validate_parameters) else None,
        pull_steps=steps,
        job_variables=dict(options.get("job_variables") or {}),
        concurrency_limit=options.get("concurrency_limit"),
        at_limit=options.get("at_limit", AT_LIMIT[0]),
        retries=options.get("retries", 0),
        retry_delays_seconds=delays_of(options.get("retry_delay_seconds")),
        retry_jitter_factor=options.get("retry_jitter_factor", 0.0),
        crash_restarts=flow.crash_restarts,
        durable=flow.durable,
        exclusive=flow.exclusive,
        paused=options.get("paused"),
        schedules=schedules,
    )


def _given(value: T | None, default: T) -> T:
    return default if value is None else value


def _code(flow: "Flow[..., Any]", options: DeploymentOptions) -> tuple[str, tuple[Mapping[str, Any], ...]]:
    """The entrypoint, and the pull steps."""
    source, install, entrypoint = options.get("source"), options.get("install"), options.get("entrypoint")
    origin = flow.origin
    if source is None and origin is not None:
        source, entrypoint = origin.source, entrypoint or origin.entrypoint
    code = None if source is None else source_of(source)
    if code is None or entrypoint is None:
        location = locate(flow, Path(code.path) if isinstance(code, LocalFolder) else None)
        entrypoint = entrypoint or location.entrypoint
        if code is None and location.folder is not None:
            code = LocalFolder(str(location.folder))
    return entrypoint, tuple(each.step() for each in (code, install) if each is not None)


def schedules_of(options: DeploymentOptions) -> tuple[Schedule, ...] | None:
    """All schedules that are given, in any form; None where none is said anything of."""
    given = [options.get(name) for name in ("cron", "interval", "rrule", "schedule", "schedules")]
    if all(each is None for each in given):
        return None
    one = options.get("schedule")
    found = [
        *(Cron(each) for each in _several(options.get("cron"), str)),
        *(Interval(each) for each in _several(options.get("interval"), str | int | float | timedelta)),
        *(RRule(each) for each in _several(options.get("rrule"), str)),
        *([one] if one is not None else []),
        *(options.get("schedules") or ()),
    ]
    for each in found:
        if not isinstance(each, Schedule):
            raise ConfigurationError(f"A schedule is {each!r}. Make it with Cron, Interval or RRule of orch.schedules.")
    return tuple(found)


def delays_of(given: Span | Iterable[Span] | None) -> tuple[float, ...]:
    """Delays before retries, in seconds."""
    return tuple(seconds_of(each, "retry_delay_seconds") for each in _several(given, str | int | float | timedelta))


def _several(given: Any, single: Any) -> tuple[Any, ...]:  # noqa: ANN401 (one of a kind, several of it, or none)
    if given is None:
        return ()
    return (given,) if isinstance(given, single) else tuple(given)
