"""The same as `hello.py`, for Prefect: run by Prefect's own Python."""

from prefect import flow, task  # type: ignore[import-not-found]


@task  # type: ignore[untyped-decorator]
def increment(number: int) -> int:
    return number + 1


@flow  # type: ignore[untyped-decorator]
def hello() -> int:
    return increment(1)  # type: ignore[no-any-return]


hello()
