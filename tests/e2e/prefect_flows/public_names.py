"""The names that flows import are where flows look for them. Gives what is missing, by module."""

from importlib import import_module

NAMES = {
    "orch": "Flow State Task allow_failure flow get_run_logger tags task unmapped",
    "orch.flows": "Flow flow",
    "orch.tasks": "Task exponential_backoff task task_input_hash",
    "orch.futures": "PrefectFuture as_completed wait",
    "orch.states": """AwaitingRetry Cancelled Cancelling Completed Crashed Failed Paused Pending Retrying Running
        Scheduled State Suspended raise_state_exception""",
    "orch.task_runners": "ConcurrentTaskRunner ProcessPoolTaskRunner TaskRunner ThreadPoolTaskRunner",
    "orch.cache_policies": """CacheKeyFnPolicy CachePolicy CompoundCachePolicy DEFAULT FLOW_PARAMETERS INPUTS NONE
        NO_CACHE RUN_ID TASK_SOURCE""",
    "orch.transactions": "CommitMode IsolationLevel Transaction TransactionState get_transaction transaction",
    "orch.runtime": "deployment flow_run task_run",
    "orch.context": "FlowRunContext TaskRunContext get_run_context tags",
    "orch.logging": "disable_run_logger get_logger get_run_logger",
    "orch.exceptions": """CancelledRun CrashedRun FailedRun MappingLengthMismatch MappingMissingIterable
        MissingContextError MissingResult ParameterBindError ParameterTypeError ReservedArgumentError UnfinishedRun""",
    "orch.serializers": "CompressedSerializer JSONSerializer PickleSerializer Serializer",
    "orch.utilities.annotations": "allow_failure quote unmapped",
}


def missing(module: str, names: str) -> list[str]:
    try:
        found = import_module(module)
    except ImportError:
        return ["all of it"]
    return [name for name in names.split() if not hasattr(found, name)]


def main() -> object:
    return {module.partition(".")[2]: missing(module, names) for module, names in NAMES.items()}
