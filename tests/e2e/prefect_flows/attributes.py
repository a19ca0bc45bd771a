"""What flows and tasks say of themselves, before they run: given options, docstrings, defaults."""

from datetime import timedelta

from orch import flow, task
from orch.cache_policies import INPUTS


@task
def bare_task(number: int) -> int:
    """Gives the number back.

    It does nothing else.
    """
    return number


@task(
    name="full",
    description="of its own",
    tags=["a", "b"],
    version="3",
    retries=2,
    retry_delay_seconds=[1, 2],
    timeout_seconds=5,
    persist_result=True,
    log_prints=True,
    refresh_cache=True,
    cache_policy=INPUTS,
    cache_expiration=timedelta(hours=1),
    task_run_name="run of {number}",
)
def full_task(number: int) -> int:
    return number


@flow
def bare_flow(number: int = 1) -> int:
    """Gives the number back."""
    return number


@flow(
    name="full flow",
    description="of its own",
    version="4",
    retries=1,
    retry_delay_seconds=3,
    timeout_seconds=7,
    persist_result=False,
    log_prints=False,
    flow_run_name="run of {number}",
    validate_parameters=False,
)
async def full_flow(number: int) -> int:
    return number


def main() -> object:
    return {
        "bare task": [
            bare_task.name,
            bare_task.description,
            bare_task.version,
            sorted(bare_task.tags),
            bare_task.retries,
        ],
        "full task": [
            full_task.name,
            full_task.description,
            full_task.version,
            sorted(full_task.tags),
            full_task.retries,
            full_task.timeout_seconds,
            full_task.persist_result,
            full_task.log_prints,
            full_task.refresh_cache,
            full_task.cache_expiration == timedelta(hours=1),
            full_task.task_run_name,
        ],
        "bare flow": [bare_flow.name, bare_flow.description, bare_flow.retries, bare_flow.timeout_seconds],
        "full flow": [
            full_flow.name,
            full_flow.description,
            full_flow.version,
            full_flow.retries,
            full_flow.retry_delay_seconds,
            full_flow.timeout_seconds,
            full_flow.persist_result,
            full_flow.log_prints,
            full_flow.flow_run_name,
            full_flow.should_validate_parameters,
        ],
        "asynchronous": [bare_task.isasync, full_flow.isasync, bare_flow.isasync],
        "docstrings": [bare_flow.__doc__, bare_flow.__module__ == __name__],
        "retry delays": full_task.retry_delay_seconds,
    }
