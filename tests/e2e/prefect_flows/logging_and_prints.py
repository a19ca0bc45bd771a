"""Logs of runs: ``get_run_logger``, ``log_prints``, levels, and the loggers outside of runs."""

import logging

from orch import flow, task
from orch.exceptions import MissingContextError
from orch.logging import get_run_logger

lines: list[str] = []


class Kept(logging.Handler):
    """Keeps what the program itself says; what the engine says is its own affair."""

    def emit(self, record: logging.LogRecord) -> None:
        message = record.getMessage()
        if message.startswith("user:"):
            lines.append(f"{record.name.split('.', 1)[1]} {record.levelname} {message}")


@task
def logs() -> None:
    logger = get_run_logger()
    logger.info("user: %s in a task", "info")
    logger.warning("user: warning in a task")


@task(log_prints=True)
def prints() -> None:
    print("user: printed in a task")


@task
def inherits() -> None:
    print("user: printed in a task that inherits")


@task(log_prints=False)
def does_not_inherit() -> None:
    print("user: not to be logged")


@task
async def logs_async() -> None:
    get_run_logger().info("user: in an async task")


@flow
def logging_flow() -> None:
    logger = get_run_logger()
    logger.debug("user: debug is below the level")
    logger.info("user: in a flow")
    logs()
    prints()
    does_not_inherit()
    logs.submit().wait()
    try:
        raise ValueError("x")
    except ValueError:
        logger.exception("user: with a traceback")


@flow(log_prints=True)
def printing_flow() -> None:
    print("user: printed in a flow", "with two arguments", sep=", ")
    inherits()
    does_not_inherit()
    child()


@flow
def child() -> None:
    print("user: printed in a child that inherits")


@flow
async def async_flow() -> None:
    get_run_logger().info("user: in an async flow")
    await logs_async()


def outside() -> str:
    try:
        get_run_logger()
    except MissingContextError as error:
        return type(error).__name__
    return "there is one"


@task
def who_logs() -> list[bool]:
    adapter = get_run_logger()
    extra = dict(adapter.extra or {}) if isinstance(adapter, logging.LoggerAdapter) else {}
    return [
        key in extra
        for key in ("flow_run_name", "flow_run_id", "task_run_name", "task_run_id", "flow_name", "task_name")
    ]


@flow
def names_the_logger() -> list[bool]:
    return who_logs()


def main() -> object:
    import asyncio

    for name in ("orch.flow_runs", "orch.task_runs"):
        logging.getLogger(name).addHandler(Kept())
    outcome: dict[str, object] = {"outside": outside()}
    for name, call in (("logging", logging_flow), ("printing", printing_flow)):
        lines.clear()
        call()
        outcome[name] = list(lines)
    lines.clear()
    asyncio.run(async_flow())
    outcome["async"] = list(lines)
    outcome["extra"] = names_the_logger()
    return outcome
