"""Tasks called like functions: every shape of parameters, values passed on, nesting, exceptions caught."""

from orch import flow, task


@task
def shapes(first: int, /, second: int = 2, *rest: int, named: str = "n", **others: int) -> list[object]:
    return [first, second, list(rest), named, dict(sorted(others.items()))]


@task
def divide(dividend: float, divisor: float) -> float:
    return dividend / divisor


@task
def nothing() -> None:
    return None


@flow
def call_with_every_shape() -> list[object]:
    return [
        shapes(1),
        shapes(1, 3),
        shapes(1, second=4),
        shapes(1, 2, 3, 4),
        shapes(1, 2, 3, named="x", alpha=1, beta=2),
        nothing(),
    ]


@flow
def pass_values_on(start: float = 100.0) -> float:
    return divide(divide(start, 5), divide(4, 2))


@flow
def catch_what_a_task_raises() -> str:
    try:
        divide(1, 0)
    except ZeroDivisionError as error:
        return f"caught {error}"
    return "nothing raised"


@flow
def raise_through() -> float:
    return divide(1, 0)


def missing_argument() -> str:
    try:
        divide(1)
    except TypeError as error:
        return type(error).__name__
    return "accepted"


@flow
def call_wrongly() -> str:
    return missing_argument()


def main() -> object:
    outcome: dict[str, object] = {
        "shapes": call_with_every_shape(),
        "values": pass_values_on(),
        "values of 50": pass_values_on(50),
        "caught": catch_what_a_task_raises(),
        "missing argument": call_wrongly(),
    }
    try:
        raise_through()
    except ZeroDivisionError as error:
        outcome["raised"] = str(error)
    return outcome
