"""The SDK's errors, under the name that users of other orchestrators look for. They live in `orch.errors`."""

from orch.errors import (
    CancelledRun,
    CrashedRun,
    FailedRun,
    FlowRunTimeoutError,
    MappingLengthMismatch,
    MappingMissingIterable,
    MissingContextError,
    MissingResult,
    OrchError,
    ParameterBindError,
    ParameterTypeError,
    PausedRun,
    ReservedArgumentError,
    TaskRunTimeoutError,
    UnfinishedRun,
    UpstreamTaskError,
)

__all__ = [
    "CancelledRun",
    "CrashedRun",
    "FailedRun",
    "FlowRunTimeoutError",
    "MappingLengthMismatch",
    "MappingMissingIterable",
    "MissingContextError",
    "MissingResult",
    "OrchError",
    "ParameterBindError",
    "ParameterTypeError",
    "PausedRun",
    "ReservedArgumentError",
    "TaskRunTimeoutError",
    "UnfinishedRun",
    "UpstreamTaskError",
]
