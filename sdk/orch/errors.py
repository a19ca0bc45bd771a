"""What the SDK raises.

    OrchError
    ├── ConfigurationError            a setting or an option cannot be right (also a ValueError)
    ├── ParameterBindError        the call does not fit the function (also a TypeError)
    ├── ParameterTypeError            a parameter cannot be made into what the annotation says (also a TypeError)
    ├── ReservedArgumentError         the function has a parameter whose name Orch needs (also a TypeError)
    ├── RunNameError                  a run's name cannot be made
    ├── MissingContextError           this is only possible inside a run (also a RuntimeError)
    ├── MappingLengthMismatch    `map` was given collections of different lengths
    ├── MappingMissingIterable   `map` was given nothing to map over
    ├── FutureError                   a future was used where it cannot be: of another run, or unfinished
    ├── ProcessDiedError              the process that ran a task has died
    ├── ProcessTransferError          a value cannot be sent to a task's process, or back from it
    ├── UpstreamTaskError             a task that this one waited for did not complete
    ├── FailedRun, CancelledRun, CrashedRun, PausedRun, UnfinishedRun
    │                                 `state.result()` of a run that has no result
    ├── RunTimeoutError               a run took longer than its timeout_seconds (also a TimeoutError)
    ├── MissingResult            a result was not kept, or is gone
    ├── ResultSerializationError      a value cannot be written down
    ├── ResultStorageError            the place for results cannot be written or read
    ├── CacheKeyError                 a cache key cannot be computed
    │   └── HashError                 a value has no hash that lasts (also a ValueError)
    ├── CheckpointMismatchError       a durable flow's code no longer matches what it did before
    ├── RollbackError                 a rollback hook has failed
    ├── DeploymentError               something cannot be deployed, or was not
    └── RecordingError                the control plane refused the run
        └── LeaseLostError            somebody else has taken the run up

    Interrupt (BaseException)         raised inside user code to stop it; never caught by `except Exception`
    ├── TimeoutInterrupt              its time is up; outside of the code it is the run's RunTimeoutError
    ├── CancelInterrupt               somebody asked for a stop
    ├── LostInterrupt                 the run is somebody else's now
    └── TerminationSignal             the process was sent SIGTERM (also a SystemExit, of code 143)

Each says what happened, why, and what to do next.
"""


class OrchError(Exception):
    """Base of everything that the SDK raises on purpose."""


class ConfigurationError(OrchError, ValueError):
    """A setting or an option cannot be right; the text names it."""


class ParameterBindError(OrchError, TypeError):
    """A call's arguments do not fit the function's signature."""


class ParameterTypeError(OrchError, TypeError):
    """A parameter cannot be made into what its annotation says; the text lists each."""


class ReservedArgumentError(OrchError, TypeError):
    """A flow or task has a parameter whose name Orch uses for itself."""


class RunNameError(OrchError):
    """A template or function for the names of runs gives none."""


class MissingContextError(OrchError, RuntimeError):
    """Something that needs a run was called outside of one."""


class MappingLengthMismatch(OrchError):
    """`map` was given collections of different lengths."""


class MappingMissingIterable(OrchError):
    """`map` was given nothing that can be iterated over."""


class FutureError(OrchError):
    """A future cannot be used here: it belongs to another run, or its task runner has stopped."""


class ProcessDiedError(OrchError):
    """The process that ran a task has died under it: killed, out of memory, or crashed in native code."""


class ProcessTransferError(OrchError):
    """A value cannot be sent to a task's process, or back from it; the text names its type and the reason."""


class UpstreamTaskError(OrchError):
    """A task run was not started because one that it depends on did not complete."""


class FailedRun(OrchError):
    """The run failed, and left no exception of its own."""


class CancelledRun(OrchError):
    """The run was cancelled."""


class CrashedRun(OrchError):
    """The run's surroundings ended it."""


class PausedRun(OrchError):
    """The run is paused; it has no result yet."""


class UnfinishedRun(OrchError):
    """The run is not finished; it has no result yet."""


class RunTimeoutError(OrchError, TimeoutError):
    """A run took longer than its `timeout_seconds`."""


class FlowRunTimeoutError(RunTimeoutError):
    """A flow run took longer than its `timeout_seconds`."""


class TaskRunTimeoutError(RunTimeoutError):
    """A task run took longer than its `timeout_seconds`."""


class MissingResult(OrchError):
    """The run's result was not kept, or is gone from its storage."""


class ResultSerializationError(OrchError):
    """A value cannot be written down; the text names its type and the way out."""


class ResultStorageError(OrchError):
    """The place for results cannot be written or read."""


class CacheKeyError(OrchError):
    """A cache key cannot be computed for the inputs given."""


class HashError(CacheKeyError, ValueError):
    """A value has no hash that is the same in every process; the text names the part that prevents it."""


class CheckpointMismatchError(OrchError):
    """A durable flow's code no longer matches the checkpoints of its earlier attempt."""


class RollbackError(OrchError):
    """A rollback hook has failed."""


class DeploymentError(OrchError):
    """Something cannot be deployed, or was not; the text lists each reason."""


class RecordingError(OrchError):
    """The control plane refused the run: a wrong key, another version, a home that cannot be written."""


class LeaseLostError(RecordingError):
    """Somebody else has taken the run up."""


class Interrupt(BaseException):
    """Raised inside user code to stop it. Not an Exception, so that `except Exception` lets it pass."""


class TimeoutInterrupt(Interrupt):
    """The time for this code is up. Where it leaves the code it becomes a FlowRunTimeoutError, or a task's."""


class CancelInterrupt(Interrupt):
    """Somebody asked for the run to stop."""


class LostInterrupt(Interrupt):
    """The control plane has given the run to another holder: stop, nobody hears of it any more."""


class TerminationSignal(Interrupt, SystemExit):
    """The process was sent SIGTERM: it ends, with the exit code that shells expect for that."""

    def __init__(self) -> None:
        super().__init__(143)

    def __str__(self) -> str:
        return "The process was sent SIGTERM."
