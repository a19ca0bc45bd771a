"""Tasks: functions whose calls are observed, retried, cached.

from orch import task

@task(retries=3, retry_delay_seconds=[1, 10])
def fetch(url: str) -> bytes: ...

fetch(url)                  # runs here, and returns the result
fetch.submit(url)           # runs in the flow's task runner, and returns a future
fetch.map(urls)             # one run for each
"""

from collections.abc import Callable, Coroutine, Iterable
from functools import partial
from typing import TYPE_CHECKING, Any, ClassVar, Generic, ParamSpec, TypeVar, overload

from orch.context import FlowRunContext, TaskRunContext
from orch.definitions import Definition
from orch.engine.attempts import DelaySpec, exponential_backoff
from orch.engine.hooks import Hook
from orch.states import StateType

if TYPE_CHECKING:
    from datetime import timedelta

    from orch.cache_policies import CachePolicy
    from orch.caching import Cache
    from orch.futures import OrchFuture, OrchFutureList

__all__ = ["Task", "exponential_backoff", "task", "task_input_hash"]

P = ParamSpec("P")
R = TypeVar("R")
T = TypeVar("T")


class _Unset:
    """Stands for an option that was not given. There is one, in every process."""

    def __reduce__(self) -> str:
        return "_UNSET"


_UNSET: Any = _Unset()


class Task(Definition, Generic[P, R]):
    """A function as a task. Made by `@task`."""

    kind: ClassVar[str] = "task"
    hook_options: ClassVar[dict[str, StateType]] = {
        "on_completion": StateType.COMPLETED,
        "on_failure": StateType.FAILED,
        "on_running": StateType.RUNNING,
    }

    def __init__(
        self,
        fn: Callable[P, R],
        *,
        name: str | None = None,
        description: str | None = None,
        tags: Iterable[str] | None = None,
        version: str | None = None,
        cache_policy: "CachePolicy | None" = _UNSET,
        cache_key_fn: Callable[..., str | None] | None = None,
        cache_expiration: "timedelta | None" = None,
        task_run_name: str | Callable[..., str] | None = None,
        retries: int | None = None,
        retry_delay_seconds: DelaySpec = None,
        retry_jitter_factor: float | None = None,
        retry_condition_fn: Callable[..., bool] | None = None,
        persist_result: bool | None = None,
        result_storage: object = None,
        result_serializer: object = None,
        result_storage_key: str | None = None,
        cache_result_in_memory: bool = True,
        timeout_seconds: float | None = None,
        log_prints: bool | None = None,
        refresh_cache: bool | None = None,
        on_completion: Iterable[Hook] | None = None,
        on_failure: Iterable[Hook] | None = None,
        on_running: Iterable[Hook] | None = None,
        on_commit: Iterable[Hook] | None = None,
        on_rollback: Iterable[Hook] | None = None,
    ) -> None:
        """See `task` for the options."""
        options = {name: value for name, value in locals().items() if name not in _NOT_OPTIONS and value is not _UNSET}
        super().__init__(fn, options)
        self.task_key = self.key
        self.tags = frozenset(tags or ())
        self.task_run_name = task_run_name
        self.retry_condition_fn = retry_condition_fn
        self.cache_expiration = cache_expiration
        self.refresh_cache = bool(refresh_cache)
        self.result_storage_key = result_storage_key
        self.cache_result_in_memory = cache_result_in_memory
        self.on_commit_hooks = self._checked("on_commit", on_commit)
        self.on_rollback_hooks = self._checked("on_rollback", on_rollback)
        self._cache_options = (cache_policy, cache_key_fn, persist_result)
        self._policy: CachePolicy | None = _UNSET
        self._cache: Cache | None = None
        if retry_condition_fn is not None and not callable(retry_condition_fn):
            raise TypeError(f"{self.label}: retry_condition_fn is a function, not {retry_condition_fn!r}.")
        if task_run_name is not None and not (isinstance(task_run_name, str) or callable(task_run_name)):
            raise TypeError(f"{self.label}: task_run_name is a text or a function, not {task_run_name!r}.")
        if (cache_policy is not _UNSET and cache_policy is not None) or cache_key_fn is not None:
            self.cache_policy  # noqa: B018 (an unknown policy is told where it is written)

    def __getstate__(self) -> dict[str, Any]:
        # What a cache holds open stays in its process.
        return {**self.__dict__, "_cache": None}

    def _checked(self, option: str, hooks: Iterable[Hook] | None) -> list[Hook]:
        from orch.engine.hooks import checked_hooks

        return checked_hooks(hooks, argument=option, owner=self.label)

    @property
    def on_running_hooks(self) -> list[Hook]:
        """Called when the code is about to run."""
        return self._hooks["on_running"]

    @property
    def on_completion_hooks(self) -> list[Hook]:
        """Called when it has completed."""
        return self._hooks["on_completion"]

    @property
    def on_failure_hooks(self) -> list[Hook]:
        """Called when it has failed for good."""
        return self._hooks["on_failure"]

    def on_completion(self, hook: Hook) -> Hook:
        """Decorates a function to be called when a run has completed."""
        return self._hook("on_completion", hook)

    def on_failure(self, hook: Hook) -> Hook:
        """Decorates a function to be called when a run has failed for good."""
        return self._hook("on_failure", hook)

    def on_running(self, hook: Hook) -> Hook:
        """Decorates a function to be called when a run begins."""
        return self._hook("on_running", hook)

    def on_commit(self, hook: Hook) -> Hook:
        """Decorates a function to be called when the transaction around a run is committed."""
        self.on_commit_hooks += self._checked("on_commit", [hook])
        return hook

    def on_rollback(self, hook: Hook) -> Hook:
        """Decorates a function to be called when the transaction around a run is rolled back."""
        self.on_rollback_hooks += self._checked("on_rollback", [hook])
        return hook

    @property
    def has_transaction_hooks(self) -> bool:
        """Whether it must be told of commits or rollbacks."""
        return bool(self.on_commit_hooks or self.on_rollback_hooks)

    @property
    def persist_result(self) -> bool | None:
        """Whether results are kept; None: as the flow says."""
        policy, key_function, persist = self._cache_options
        if persist is not None:
            return bool(persist)
        asked = policy is not _UNSET or key_function is not None or self.result_storage_key is not None
        if asked or self.result_storage is not None or self.result_serializer is not None:
            return self.cache_policy is not None
        return None

    def persists_in(self, flow: FlowRunContext) -> bool:
        """Whether results are kept in runs of this flow."""
        own = self.persist_result
        return flow.flow.persists if own is None else own

    @property
    def cache_policy(self) -> "CachePolicy | None":
        """What makes two runs alike, so that the second answers as the first did; None: nothing does.

        Raises ConfigurationError for something that is no policy.
        """
        if self._policy is _UNSET:
            from orch import cache_policies

            policy, key_function, _ = self._cache_options
            self._policy = cache_policies.policy_of(
                cache_policies.DEFAULT if policy is _UNSET else policy,
                key_function,
                storage_key=self.result_storage_key,
                owner=self.label,
            )
        return self._policy

    def cache(self) -> "Cache":
        """Where its results are shared."""
        if self._cache is None:
            from orch.caching import cache_for

            self._cache = cache_for(self.cache_policy, storage=self.result_storage, serializer=self.result_serializer)
        return self._cache

    @overload
    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> R: ...
    @overload
    def __call__(self, *args: Any, return_state: bool = ..., wait_for: object = ..., **kwargs: Any) -> Any: ...  # noqa: ANN401

    def __call__(self, *args: Any, return_state: Any = False, wait_for: Any = None, **kwargs: Any) -> Any:
        """Run it here. Returns its result, or, with return_state, its final state; an async task's is awaited.

        Raises what the task raises; ParameterBindError for arguments that do not fit.
        """
        from orch.engine.calls import call_task

        return call_task(self, self.named_arguments(args, kwargs), return_state=return_state, wait_for=wait_for)

    @overload
    def submit(
        self: "Task[..., Coroutine[Any, Any, T]]",
        *args: Any,  # noqa: ANN401
        return_state: bool = ...,
        wait_for: object = ...,
        **kwargs: Any,  # noqa: ANN401
    ) -> "OrchFuture[T]": ...
    @overload
    def submit(
        self,
        *args: Any,  # noqa: ANN401
        return_state: bool = ...,
        wait_for: object = ...,
        **kwargs: Any,  # noqa: ANN401
    ) -> "OrchFuture[R]": ...

    def submit(
        self,
        *args: Any,
        return_state: bool = False,
        wait_for: object = None,
        **kwargs: Any,
    ) -> Any:
        """Run it in the flow's task runner. Futures among the arguments are waited for, and become their results.

        Raises MissingContextError outside of flows.
        """
        from orch.engine.calls import submit_task

        future = submit_task(self, self.named_arguments(args, kwargs), wait_for=wait_for)
        if return_state:
            future.wait()
            return future.state
        return future

    @overload
    def map(
        self: "Task[..., Coroutine[Any, Any, T]]",
        *args: Any,  # noqa: ANN401
        return_state: bool = ...,
        wait_for: object = ...,
        **kwargs: Any,  # noqa: ANN401
    ) -> "OrchFutureList[T]": ...
    @overload
    def map(
        self,
        *args: Any,  # noqa: ANN401
        return_state: bool = ...,
        wait_for: object = ...,
        **kwargs: Any,  # noqa: ANN401
    ) -> "OrchFutureList[R]": ...

    def map(
        self,
        *args: Any,
        return_state: bool = False,
        wait_for: object = None,
        **kwargs: Any,
    ) -> Any:
        """Submit one run for each set of items of the arguments that can be iterated over.

        Texts, bytes, mappings and what is marked `unmapped` go to every run as they are. Raises
        MappingLengthMismatch, MappingMissingIterable.
        """
        from orch.engine.calls import submit_task
        from orch.engine.mapping import mapped_parameters
        from orch.futures import OrchFutureList

        calls = mapped_parameters(self.fn, args, kwargs)
        futures: OrchFutureList[R] = OrchFutureList(submit_task(self, each, wait_for=wait_for) for each in calls)
        if return_state:
            futures.wait()
            return [future.state for future in futures]
        return futures


_NOT_OPTIONS = frozenset({"self", "fn", "__class__"})


@overload
def task(fn: Callable[P, R], /, **options: Any) -> Task[P, R]: ...  # noqa: ANN401 (those below)
@overload
def task(
    *,
    name: str | None = ...,
    description: str | None = ...,
    tags: Iterable[str] | None = ...,
    version: str | None = ...,
    cache_policy: "CachePolicy | None" = ...,
    cache_key_fn: Callable[..., str | None] | None = ...,
    cache_expiration: "timedelta | None" = ...,
    task_run_name: str | Callable[..., str] | None = ...,
    retries: int | None = ...,
    retry_delay_seconds: DelaySpec = ...,
    retry_jitter_factor: float | None = ...,
    retry_condition_fn: Callable[..., bool] | None = ...,
    persist_result: bool | None = ...,
    result_storage: object = ...,
    result_serializer: object = ...,
    result_storage_key: str | None = ...,
    cache_result_in_memory: bool = ...,
    timeout_seconds: float | None = ...,
    log_prints: bool | None = ...,
    refresh_cache: bool | None = ...,
    on_completion: Iterable[Hook] | None = ...,
    on_failure: Iterable[Hook] | None = ...,
    on_running: Iterable[Hook] | None = ...,
    on_commit: Iterable[Hook] | None = ...,
    on_rollback: Iterable[Hook] | None = ...,
) -> Callable[[Callable[P, R]], Task[P, R]]: ...


def task(fn: Any = None, /, **options: Any) -> Any:
    """Make a function a task: `@task` or `@task(retries=3)`.

    name, description, tags, version   what people see; the name is the function's own by default
    task_run_name                      of each run: a template ("load-{table}"), or a function that returns it
    retries, retry_delay_seconds       how often to try again, after how many seconds: a number, one for each retry,
                                       or a function of the number of retries (`exponential_backoff`)
    retry_jitter_factor                adds up to this share of the delay, at random
    retry_condition_fn                 called with task, task run and state; no retry where it returns False
    timeout_seconds                    after which an attempt is interrupted, and its state is TimedOut
    cache_policy, cache_key_fn         what makes two runs alike (`orch.cache_policies`)
    cache_expiration, refresh_cache    how long a cached result lasts; run, and write the cache anew
    persist_result, result_storage, result_serializer, result_storage_key, cache_result_in_memory
                                       whether, where and how results are kept
    log_prints                         log what the task prints; by default as the flow does
    on_completion, on_failure, on_running    hooks: called with task, task run and state
    on_commit, on_rollback             hooks: called with the transaction
    """
    if fn is not None:
        return Task(fn, **options)
    return partial(Task, **options)


def task_input_hash(context: "TaskRunContext", arguments: dict[str, Any]) -> str | None:
    """A cache key of a task's code and inputs: `@task(cache_key_fn=task_input_hash)`.

    None where the inputs cannot be hashed.
    """
    from orch.cache_policies import task_input_hash as key

    return key(context, arguments)
