"""What makes two runs of a task alike, so that the second answers as the first did.

    @task(cache_policy=INPUTS + TASK_SOURCE)
    def parse(path: str) -> dict: ...

A policy computes a key; runs with the same key share one result. Policies add up (`+`): all must agree.
`INPUTS - "name"` leaves an input out. None instead of a key: this run is not cached.

The policies here never mix up tasks: the key of two tasks differs even where all else is equal. To share a result
between tasks, give both the same `cache_key_fn`.
"""

from collections.abc import Callable
from copy import copy
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Self

from orch.errors import ConfigurationError, HashError

if TYPE_CHECKING:
    from os import PathLike

    from orch.context import TaskRunContext

__all__ = [
    "DEFAULT",
    "FLOW_PARAMETERS",
    "INPUTS",
    "NONE",
    "NO_CACHE",
    "RUN_ID",
    "TASK_SOURCE",
    "CacheKeyFnPolicy",
    "CachePolicy",
    "CompoundCachePolicy",
    "FlowParameters",
    "Inputs",
    "RunId",
    "StorageKeyPolicy",
    "TaskSource",
    "policy_of",
    "task_input_hash",
]

KeyFunction = Callable[["TaskRunContext", dict[str, Any]], str | None]


# Not frozen: users' own policies may be dataclasses that are not.
@dataclass
class CachePolicy:
    """Base of all policies. Your own is a subclass with `compute_key`."""

    key_storage: "str | PathLike[str] | None" = None
    """Where keys are kept; None: where results are."""
    isolation_level: Any = None
    """SERIALIZABLE (the default): one computation at a time for each key. READ_COMMITTED: as many as come."""
    lock_manager: Any = None
    """Sees to that, with acquire_lock(key, holder) and release_lock(key, holder); None: files beside the keys."""

    def compute_key(
        self,
        task_ctx: "TaskRunContext",
        inputs: dict[str, Any],
        flow_parameters: dict[str, Any],
        **kwargs: Any,  # noqa: ANN401 (for what later versions know)
    ) -> str | None:
        """The key of a run, or None where it is not cached. HashError for inputs of which no key can be made."""
        raise NotImplementedError(f"{type(self).__name__} has no compute_key().")

    @classmethod
    def from_cache_key_fn(cls, cache_key_fn: KeyFunction) -> "CacheKeyFnPolicy":
        """The policy whose keys the function returns."""
        return CacheKeyFnPolicy(cache_key_fn=cache_key_fn)

    def configure(
        self,
        key_storage: "str | PathLike[str] | None" = None,
        lock_manager: object = None,
        isolation_level: object = None,
    ) -> Self:
        """A copy that keeps its keys elsewhere, or has other locks."""
        new = copy(self)
        new.key_storage = self.key_storage if key_storage is None else key_storage
        new.lock_manager = self.lock_manager if lock_manager is None else lock_manager
        new.isolation_level = self.isolation_level if isolation_level is None else isolation_level
        return new

    @property
    def is_serializable(self) -> bool:
        """Whether only one computation of a key runs at a time."""
        return str(getattr(self.isolation_level, "value", self.isolation_level)) != "READ_COMMITTED"

    def __add__(self, other: "CachePolicy") -> "CachePolicy":
        """The policy whose key changes when either's does."""
        if not isinstance(other, CachePolicy):
            return NotImplemented
        if isinstance(other, _None):
            return self
        return CompoundCachePolicy(policies=[self, other], **_merged(self, other))

    def __sub__(self, other: str) -> "CachePolicy":
        """The policy that does not look at this input."""
        _check_input_name(other)
        return self


@dataclass
class _None(CachePolicy):
    """Nothing is cached."""

    def compute_key(
        self,
        task_ctx: "TaskRunContext",
        inputs: dict[str, Any],
        flow_parameters: dict[str, Any],
        **kwargs: Any,  # noqa: ANN401
    ) -> str | None:
        """None."""
        return None

    def __add__(self, other: CachePolicy) -> CachePolicy:
        """The other one."""
        return other


@dataclass
class CacheKeyFnPolicy(CachePolicy):
    """The key is what a function of the context and the inputs returns."""

    cache_key_fn: KeyFunction | None = None

    def compute_key(
        self,
        task_ctx: "TaskRunContext",
        inputs: dict[str, Any],
        flow_parameters: dict[str, Any],
        **kwargs: Any,  # noqa: ANN401
    ) -> str | None:
        """What the function returns. CacheKeyError for what is no text."""
        return self.cache_key_fn(task_ctx, inputs) if self.cache_key_fn else None


@dataclass
class Inputs(CachePolicy):
    """The key changes with the task's inputs. A task without inputs has none."""

    exclude: list[str] = field(default_factory=list)
    """Names of inputs that do not matter."""

    def compute_key(
        self,
        task_ctx: "TaskRunContext",
        inputs: dict[str, Any],
        flow_parameters: dict[str, Any],
        **kwargs: Any,  # noqa: ANN401
    ) -> str | None:
        """The hash of the inputs. HashError names the one that has none."""
        if not inputs:
            return None
        counted = {name: value for name, value in inputs.items() if name not in self.exclude}
        return _hash(_task_key(task_ctx), named=counted)

    def __sub__(self, other: str) -> "Inputs":
        """The policy that does not look at this input."""
        _check_input_name(other)
        return replace(self, exclude=[*self.exclude, other])


@dataclass
class TaskSource(CachePolicy):
    """The key changes with the task's own code: its text, and plain values that it takes from the function around it.

    What it calls is not looked at.
    """

    def compute_key(
        self,
        task_ctx: "TaskRunContext",
        inputs: dict[str, Any],
        flow_parameters: dict[str, Any],
        **kwargs: Any,  # noqa: ANN401
    ) -> str | None:
        """The hash of the code."""
        from orch.hashing.code_source import code_of

        return _hash(_task_key(task_ctx), code_of(task_ctx.task.fn))


@dataclass
class FlowParameters(CachePolicy):
    """The key changes with the parameters of the flow around the task. A flow without parameters has none."""

    def compute_key(
        self,
        task_ctx: "TaskRunContext",
        inputs: dict[str, Any],
        flow_parameters: dict[str, Any],
        **kwargs: Any,  # noqa: ANN401
    ) -> str | None:
        """The hash of the parameters. HashError names the one that has none."""
        return _hash(_task_key(task_ctx), named=flow_parameters) if flow_parameters else None


@dataclass
class RunId(CachePolicy):
    """The key is another in every flow run: results are shared within one only, its retries included."""

    def compute_key(
        self,
        task_ctx: "TaskRunContext",
        inputs: dict[str, Any],
        flow_parameters: dict[str, Any],
        **kwargs: Any,  # noqa: ANN401
    ) -> str | None:
        """The hash of the flow run's id."""
        return _hash(_task_key(task_ctx), task_ctx.task_run.flow_run.id)


@dataclass
class CompoundCachePolicy(CachePolicy):
    """Several policies in one: the key changes when any of theirs does. Those that give None do not count."""

    policies: list[CachePolicy] = field(default_factory=list)

    def __post_init__(self) -> None:
        """What is excluded from the inputs once is excluded from all of them."""
        flat: list[CachePolicy] = []
        for each in self.policies:
            flat += each.policies if isinstance(each, CompoundCachePolicy) else [each]
        inputs = [each for each in flat if isinstance(each, Inputs)]
        self.policies = [each for each in flat if not isinstance(each, Inputs)]
        if inputs:
            self.policies.append(Inputs(exclude=sorted({name for each in inputs for name in each.exclude})))

    def compute_key(
        self,
        task_ctx: "TaskRunContext",
        inputs: dict[str, Any],
        flow_parameters: dict[str, Any],
        **kwargs: Any,  # noqa: ANN401
    ) -> str | None:
        """The hash of the keys. HashError names the input that has none."""
        found = (
            each.compute_key(task_ctx=task_ctx, inputs=inputs, flow_parameters=flow_parameters, **kwargs)
            for each in self.policies
        )
        keys = [key for key in found if key is not None]
        return _hash(*keys) if keys else None

    def __sub__(self, other: str) -> CachePolicy:
        """The policy that does not look at this input."""
        _check_input_name(other)
        return replace(self, policies=[each - other for each in self.policies])


@dataclass
class StorageKeyPolicy(CachePolicy):
    """The key is a text with fields in it, such as `{flow_run.name}-{parameters[day]}.json`."""

    template: str = ""

    def compute_key(
        self,
        task_ctx: "TaskRunContext",
        inputs: dict[str, Any],
        flow_parameters: dict[str, Any],
        **kwargs: Any,  # noqa: ANN401
    ) -> str | None:
        """The text with its fields filled in. CacheKeyError names a field that there is not."""
        run = task_ctx.task_run
        try:
            return self.template.format(flow_run=run.flow_run, task_run=run, parameters=inputs, **inputs)
        except (AttributeError, IndexError, KeyError, ValueError) as error:
            from orch.errors import CacheKeyError

            raise CacheKeyError(
                f"The result_storage_key {self.template!r} cannot be filled in ({type(error).__name__}: {error}). "
                "It may name flow_run, task_run and parameters: '{flow_run.name}', '{parameters[day]}'."
            ) from error


def _merged(one: CachePolicy, other: CachePolicy) -> dict[str, Any]:
    """What both say of keys and locks. ValueError where they disagree."""
    found: dict[str, Any] = {}
    for name in ("key_storage", "isolation_level", "lock_manager"):
        mine, theirs = getattr(one, name), getattr(other, name)
        if mine is not None and theirs is not None and mine != theirs:
            raise ValueError(f"Policies with different values of {name} ({mine!r}, {theirs!r}) cannot be added.")
        found[name] = theirs if mine is None else mine
    return found


INPUTS = Inputs()
TASK_SOURCE = TaskSource()
FLOW_PARAMETERS = FlowParameters()
RUN_ID = RunId()
NO_CACHE = _None()
NONE = NO_CACHE
DEFAULT = INPUTS + TASK_SOURCE + RUN_ID


def policy_of(
    policy: object, key_function: KeyFunction | None, *, storage_key: str | None = None, owner: str = "the task"
) -> CachePolicy | None:
    """The policy that a task's options mean; None where its results are not shared.

    A `key_function` counts before a policy, and `storage_key` before the default policy. `owner` is named in errors:
    ConfigurationError for something that is no policy.
    """
    if key_function is not None:
        if not callable(key_function):
            raise ConfigurationError(f"{owner}: cache_key_fn is {key_function!r}; it must be a function.")
        return CacheKeyFnPolicy(cache_key_fn=key_function)
    if policy is None or isinstance(policy, _None):
        return None
    if not isinstance(policy, CachePolicy):
        raise ConfigurationError(
            f"{owner}: cache_policy is {policy!r}, which is no policy. Take one of orch.cache_policies, such as "
            "INPUTS + TASK_SOURCE or NO_CACHE."
        )
    return StorageKeyPolicy(template=storage_key) if storage_key else policy


def task_input_hash(context: "TaskRunContext", arguments: dict[str, Any]) -> str | None:
    """A `cache_key_fn`: the hash of the task, its code and its arguments.

    None, so that the call is not cached, for arguments that have no hash; a warning says which.
    """
    from orch.hashing.code_source import code_of

    try:
        return _hash(_task_key(context), code_of(context.task.fn), named=arguments)
    except HashError as error:
        from orch.logging import get_logger

        get_logger("caching").warning("Task %r is not cached this time. %s", context.task.name, error)
        return None


def _hash(*parts: object, named: dict[str, Any] | None = None) -> str:
    from orch.hashing import hash_values

    try:
        return hash_values(parts, named or {})
    except HashError as error:
        raise HashError(
            f"No cache key can be made of the inputs: {error} Leave that input out (INPUTS - 'name'), compute the key "
            "yourself (cache_key_fn), or do without caching (NO_CACHE)."
        ) from error


def _task_key(context: "TaskRunContext | None") -> str:
    return context.task.task_key if context else ""


def _check_input_name(name: object) -> None:
    if not isinstance(name, str):
        raise TypeError(f"Only the name of an input can be taken from a policy, a text; {name!r} is none.")
