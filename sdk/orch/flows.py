"""Flows: functions whose calls are runs, observed, retried, recoverable.

from orch import flow

@flow(retries=1, timeout_seconds=3600)
def etl(day: date) -> int: ...

etl(date.today())                        # runs here; nothing else needs to run
etl(date.today(), return_state=True)     # its final state instead of its result
"""

from collections.abc import Callable, Iterable
from functools import partial
from typing import TYPE_CHECKING, Any, ClassVar, Generic, ParamSpec, TypeVar, overload

from orch.definitions import Definition
from orch.engine.attempts import DelaySpec
from orch.engine.hooks import Hook
from orch.errors import ConfigurationError
from orch.states import State, StateType

if TYPE_CHECKING:
    from typing import Unpack

    from orch.deployments.of_flow import DeploymentOptions
    from orch.deployments.origins import Origin
    from orch.deployments.serving import ServeOptions
    from orch.deployments.sources import Source
    from orch.deployments.spec import DeploymentSpec
    from orch.task_runners import TaskRunner
    from orch.tasks import Task

__all__ = ["Flow", "flow"]

P = ParamSpec("P")
R = TypeVar("R")


class Flow(Definition, Generic[P, R]):
    """A function as a flow. Made by `@flow`."""

    kind: ClassVar[str] = "flow"
    hook_options: ClassVar[dict[str, StateType]] = {
        "on_completion": StateType.COMPLETED,
        "on_failure": StateType.FAILED,
        "on_cancellation": StateType.CANCELLED,
        "on_crashed": StateType.CRASHED,
        "on_running": StateType.RUNNING,
    }

    def __init__(
        self,
        fn: Callable[P, R],
        *,
        name: str | None = None,
        description: str | None = None,
        version: str | None = None,
        tags: Iterable[str] | None = None,
        flow_run_name: str | Callable[..., str] | None = None,
        retries: int | None = None,
        retry_delay_seconds: DelaySpec = None,
        retry_jitter_factor: float | None = None,
        task_runner: "TaskRunner | None" = None,
        timeout_seconds: float | None = None,
        validate_parameters: bool = True,
        persist_result: bool | None = None,
        result_storage: object = None,
        result_serializer: object = None,
        cache_result_in_memory: bool = True,
        log_prints: bool | None = None,
        durable: bool = False,
        crash_restarts: int = 0,
        exclusive: bool = False,
        on_completion: Iterable[Hook] | None = None,
        on_failure: Iterable[Hook] | None = None,
        on_cancellation: Iterable[Hook] | None = None,
        on_crashed: Iterable[Hook] | None = None,
        on_running: Iterable[Hook] | None = None,
    ) -> None:
        """See `flow` for the options."""
        options = {name: value for name, value in locals().items() if name not in _NOT_OPTIONS}
        super().__init__(fn, options)
        self.tags = frozenset(tags or ())
        self.flow_run_name = flow_run_name
        self.should_validate_parameters = validate_parameters
        self.cache_result_in_memory = cache_result_in_memory
        self.persist_result = persist_result
        self.durable = bool(durable)
        self.crash_restarts = _restarts(crash_restarts, self.label)
        self.exclusive = bool(exclusive)
        self.persists = bool(persist_result) or (
            persist_result is None and (result_storage or result_serializer) is not None
        )
        self._task_runner = task_runner
        self._tracking: Task[..., Any] | None = None
        self.origin: Origin | None = None
        """Where its code comes from, for a flow that `from_source` has loaded."""
        if flow_run_name is not None and not (isinstance(flow_run_name, str) or callable(flow_run_name)):
            raise TypeError(f"{self.label}: flow_run_name is a text or a function, not {flow_run_name!r}.")

    @property
    def task_runner(self) -> "TaskRunner":
        """What its tasks are submitted to; each run opens a duplicate of it."""
        from orch.task_runners import TaskRunner, ThreadPoolTaskRunner

        found = self._task_runner
        if found is None:
            found = self._task_runner = ThreadPoolTaskRunner()
        elif isinstance(found, type):
            found = self._task_runner = found()
        if not isinstance(found, TaskRunner):
            raise ConfigurationError(
                f"{self.label}: task_runner is {found!r}. Give one of orch.task_runners, as ThreadPoolTaskRunner()."
            )
        return found

    def new_run_name(self) -> str:
        """A name for a run that has none of its own."""
        from orch.run_names import random_name

        return random_name()

    def code_version(self) -> str:
        """Changes with the function's source; empty where the source cannot be had."""
        from orch.hashing import hash_source

        return hash_source(self.fn) or ""

    def tracking_task(self) -> "Task[..., Any]":
        """The task that stands for runs of this flow inside of another."""
        if self._tracking is None:
            from orch.tasks import Task

            self._tracking = Task(self.fn, name=self.name)
        return self._tracking

    def on_completion(self, hook: Hook) -> Hook:
        """Decorates a function to be called when a run has completed."""
        return self._hook("on_completion", hook)

    def on_failure(self, hook: Hook) -> Hook:
        """Decorates a function to be called when a run has failed for good."""
        return self._hook("on_failure", hook)

    def on_cancellation(self, hook: Hook) -> Hook:
        """Decorates a function to be called when a run was cancelled."""
        return self._hook("on_cancellation", hook)

    def on_crashed(self, hook: Hook) -> Hook:
        """Decorates a function to be called when a run has crashed, and its process can still call it."""
        return self._hook("on_crashed", hook)

    def on_running(self, hook: Hook) -> Hook:
        """Decorates a function to be called when a run begins."""
        return self._hook("on_running", hook)

    @overload
    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> R: ...
    @overload
    def __call__(self, *args: Any, return_state: bool = ..., wait_for: object = ..., **kwargs: Any) -> Any: ...  # noqa: ANN401

    def __call__(self, *args: Any, return_state: Any = False, wait_for: Any = None, **kwargs: Any) -> Any:
        """Run it here. Returns its result, or, with return_state, its final state; an async flow's is awaited.

        Raises what the flow raises; ParameterBindError for arguments that do not fit, ParameterTypeError for those of
        a wrong type.
        """
        from orch.engine.calls import call_flow

        return call_flow(self, self.named_arguments(args, kwargs), return_state=return_state, wait_for=wait_for)

    def validate_parameters(self, parameters: dict[str, Any]) -> dict[str, Any]:
        """The parameters, each made into what its annotation says. Raises ParameterTypeError."""
        from orch.parameters import validated

        return validated(self.fn, parameters)

    def to_deployment(self, name: str, **options: "Unpack[DeploymentOptions]") -> "DeploymentSpec":
        """A deployment of it, for `orch.deploy` and `orch.serve`. Nothing is written anywhere.

        For the options, see DeploymentOptions. Raises ConfigurationError for what cannot be right.
        """
        from orch.deployments.of_flow import spec_of_flow

        return spec_of_flow(self, name, options)

    def deploy(self, name: str, **options: "Unpack[DeploymentOptions]") -> str:
        """Deploy it: workers of the pool `work_pool_name` run it, whenever a schedule or somebody asks for a run.

        etl.deploy("nightly", work_pool_name="p", cron="0 2 * * *", parameters={"day": "today"})

        Deploying again changes what is different, and makes a new version where the code's place, job variables,
        parameters or their schema are. Returns the deployment's id. Raises ConfigurationError for what cannot be right,
        DeploymentError for what the control plane refuses, errors of `orch_client` where it cannot be reached.
        """
        from orch.deployments.deploying import deploy

        return deploy(self.to_deployment(name, **options))[0]

    def serve(self, name: str = "", **options: "Unpack[ServeOptions]") -> None:
        """Deploy it, and run its runs on this machine, until Ctrl-C. `name`: the flow's own by default.

        Beside the options of `deploy`: limit (so many runs at once), pause_on_shutdown (its schedules rest when this
        ends; True), print_starting_message. Raises what `deploy` does.
        """
        from orch.deployments.serving import serve_flow

        serve_flow(self, name or self.name, options)

    @classmethod
    def from_source(cls, source: "Source", entrypoint: str) -> "Flow[..., Any]":
        """A flow from elsewhere: a folder, the URL of a git repository, or a step of `orch.deployments.sources`.

        Deployed, its code comes from there. Raises EntrypointError, ConfigurationError.
        """
        from orch.deployments.origins import flow_from_source

        return flow_from_source(source, entrypoint)


def _restarts(count: object, what: str) -> int:
    if not isinstance(count, int) or isinstance(count, bool) or count < 0:
        raise ConfigurationError(f"{what}: crash_restarts is {count!r}; write a whole number, 0 or more.")
    return count


_NOT_OPTIONS = frozenset({"self", "fn", "__class__"})


@overload
def flow(fn: Callable[P, R], /, **options: Any) -> Flow[P, R]: ...  # noqa: ANN401 (those below)
@overload
def flow(
    *,
    name: str | None = ...,
    description: str | None = ...,
    version: str | None = ...,
    tags: Iterable[str] | None = ...,
    flow_run_name: str | Callable[..., str] | None = ...,
    retries: int | None = ...,
    retry_delay_seconds: DelaySpec = ...,
    retry_jitter_factor: float | None = ...,
    task_runner: "TaskRunner | None" = ...,
    timeout_seconds: float | None = ...,
    validate_parameters: bool = ...,
    persist_result: bool | None = ...,
    result_storage: object = ...,
    result_serializer: object = ...,
    cache_result_in_memory: bool = ...,
    log_prints: bool | None = ...,
    durable: bool = ...,
    crash_restarts: int = ...,
    exclusive: bool = ...,
    on_completion: Iterable[Hook] | None = ...,
    on_failure: Iterable[Hook] | None = ...,
    on_cancellation: Iterable[Hook] | None = ...,
    on_crashed: Iterable[Hook] | None = ...,
    on_running: Iterable[Hook] | None = ...,
) -> Callable[[Callable[P, R]], Flow[P, R]]: ...


def flow(fn: Any = None, /, **options: Any) -> Any:
    """Make a function a flow: `@flow` or `@flow(retries=1)`.

    name, description, version, tags   what people see; the name is the function's own by default, "_" written as "-"
    flow_run_name                      of each run: a template ("etl-{day}"), or a function that returns it
    retries, retry_delay_seconds, retry_jitter_factor   how often to run it again where it failed, after which delays
    task_runner                        where submitted tasks run (`orch.task_runners`); threads by default
    timeout_seconds                    after which an attempt is interrupted, and its state is TimedOut
    validate_parameters                make parameters into what the annotations say (True), or take them as they are
    persist_result, result_storage, result_serializer, cache_result_in_memory
                                       whether, where and how the result is kept; tasks do as their flow does
    log_prints                         log what the flow and its tasks print
    durable                            keep the result of every task before going on; after a crash, go on from there
    crash_restarts                     how often to start again where contact to the run was lost
    exclusive                          never two processes at once, even if one of them is cut off
    on_completion, on_failure, on_cancellation, on_crashed, on_running
                                       hooks: called with flow, flow run and state
    """
    if fn is not None:
        return Flow(fn, **options)
    return partial(Flow, **options)


def flow_around(
    task: "Task[..., Any]", parameters: dict[str, Any], *, wait_for: object, tell: Callable[[State[Any]], None]
) -> "Flow[[], Any]":
    """A flow whose run is one run of a task, for a task that was called outside of flows. `tell` hears its state."""
    from orch.engine.calls import call_task

    def told(state: State[Any]) -> State[Any]:
        tell(state)
        return state

    if task.isasync:

        async def run_async() -> State[Any]:
            return told(await call_task(task, parameters, return_state=True, wait_for=wait_for))

        return Flow(run_async, name=task.name, validate_parameters=False)

    def run() -> State[Any]:
        return told(call_task(task, parameters, return_state=True, wait_for=wait_for))

    return Flow(run, name=task.name, validate_parameters=False)


# As its users know it: `flow.from_source(...)`.
flow.from_source = Flow.from_source  # type: ignore[attr-defined]
