"""Many and deep: recursion of flows and tasks, long chains of futures, wide maps, many submits from many tasks."""

from orch import flow, task, unmapped


@task
def increment(number: int) -> int:
    return number + 1


@task
def add(left: int, right: int) -> int:
    return left + right


@task
def countdown(number: int) -> int:
    return 0 if number == 0 else 1 + countdown(number - 1)


@task
def spread(number: int) -> int:
    return sum(increment.map(range(number)).result())


@flow
def depth(number: int) -> int:
    return 0 if number == 0 else 1 + depth(number - 1)


@flow
def chain(length: int) -> int:
    future = increment.submit(0)
    for _ in range(length - 1):
        future = increment.submit(future)
    return future.result()


@flow
def wide(count: int) -> list[int]:
    once = increment.map(range(count))
    twice = add.map(once, unmapped(1))
    values = twice.result()
    return [len(values), values[0], values[-1], sum(values)]


@flow
def pyramid(count: int) -> int:
    futures = [increment.submit(number) for number in range(count)]
    while len(futures) > 1:
        futures = [add.submit(left, right) for left, right in zip(futures[::2], futures[1::2], strict=True)]
    return futures[0].result()


@flow
def tasks_that_spread() -> list[int]:
    return spread.map([1, 2, 3, 4]).result()


@flow
def loops(count: int) -> int:
    number = 0
    for _ in range(count):
        number = increment(number)
    return number


def main() -> object:
    return {
        "flows": depth(12),
        "tasks": countdown_in_a_flow(12),
        "chain": chain(30),
        "wide": wide(150),
        "pyramid": pyramid(32),
        "tasks that spread": tasks_that_spread(),
        "loop": loops(60),
    }


@flow
def countdown_in_a_flow(number: int) -> int:
    return countdown(number)
