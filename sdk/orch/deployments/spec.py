"""What a deployment is to be, said by its author: the one form for the SDK, the command line and orch.yaml."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from orch.errors import ConfigurationError
from orch.schedules import Schedule

AT_LIMIT = ("queue", "skip", "cancel_oldest")
"""What happens to a new run at the concurrency limit; the first is what happens where nothing is said."""
DEFAULT = "default"
"""The pool, and the queue of every pool, that are always there."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DeploymentSpec:
    """A deployment. What is left out is at its default, whatever it was before, but for `paused` and `schedules`:
    None leaves them as they are.
    """

    name: str
    """Unique among the flow's deployments."""
    flow_name: str
    entrypoint: str = ""
    """"path/to/file.py:function" or "package.module:function", seen from the working folder; or else `command`."""
    command: tuple[str, ...] = ()
    """Any program and its arguments."""
    description: str = ""
    tags: tuple[str, ...] = ()
    """Every run gets them."""
    work_pool_name: str = DEFAULT
    work_queue_name: str = DEFAULT
    parameters: Mapping[str, Any] = field(default_factory=dict)
    """Default parameters."""
    parameter_schema: Mapping[str, Any] | None = None
    """JSON schema of the parameters; None: anything goes."""
    pull_steps: tuple[Mapping[str, Any], ...] = ()
    """How the code gets to the worker (docs/code.md); empty: it is there already."""
    job_variables: Mapping[str, Any] = field(default_factory=dict)
    """For the pool's job template (docs/workers.md)."""
    concurrency_limit: int | None = None
    """At most so many of its runs run at once."""
    at_limit: str = AT_LIMIT[0]
    """One of AT_LIMIT."""
    retries: int = 0
    """How often the control plane runs it again, in a new process, where it failed; beside the flow's own retries."""
    retry_delays_seconds: tuple[float, ...] = ()
    """Before each retry; the last one serves all later ones."""
    retry_jitter_factor: float = 0.0
    crash_restarts: int = 0
    """How often a run is started again after contact to it was lost."""
    durable: bool = False
    """It keeps checkpoints, and goes on from them."""
    exclusive: bool = False
    """Never two processes at once, even if one is cut off."""
    paused: bool | None = None
    """Paused deployments fire no schedules. None: as it is; a new one is not paused."""
    schedules: tuple[Schedule, ...] | None = None
    """All of its schedules; others are deleted. None: they stay as they are."""

    def __post_init__(self) -> None:
        if not self.name or not self.flow_name:
            raise ConfigurationError("A deployment needs a name, and its flow one.")
        if "/" in self.name:
            raise ConfigurationError(f'A deployment\'s name has no "/" in it, as {self.name!r} has: see {self.label}.')
        if bool(self.entrypoint) == bool(self.command):
            has = "both" if self.entrypoint else "neither"
            raise ConfigurationError(f"{self.label} needs either an entrypoint or a command, and has {has}.")
        if self.at_limit not in AT_LIMIT:
            raise ConfigurationError(f"{self.label}: at_limit is {self.at_limit!r}: write {', '.join(AT_LIMIT)}.")
        if self.concurrency_limit is not None and self.concurrency_limit < 1:
            raise ConfigurationError(
                f"{self.label}: the concurrency limit is {self.concurrency_limit}; write 1 or more, or leave it out."
            )
        self._check_schedules()

    def _check_schedules(self) -> None:
        seen: dict[object, str] = {}
        for schedule in self.schedules or ():
            key = schedule.name or (schedule.times, schedule.time_zone)
            if key in seen:
                what = f"two schedules named {schedule.name!r}" if schedule.name else f"{schedule.times_text!r} twice"
                raise ConfigurationError(f"{self.label} has {what}. Give each a name of its own.")
            seen[key] = schedule.label

    @property
    def key(self) -> tuple[str, str]:
        """Flow's name and its own, which name it in the control plane."""
        return (self.flow_name, self.name)

    @property
    def label(self) -> str:
        """How messages call it: "deployment 'etl/nightly'"."""
        return f"deployment {self.slug!r}"

    @property
    def slug(self) -> str:
        """ "flow/name"."""
        return f"{self.flow_name}/{self.name}"

    @property
    def started_by(self) -> str:
        """What is started, for people."""
        import shlex

        return self.entrypoint or shlex.join(self.command)
