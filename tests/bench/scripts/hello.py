"""One flow, one task."""

from orch import flow, task


@task
def increment(number: int) -> int:
    return number + 1


@flow
def hello() -> int:
    return increment(1)


hello()
