"""Flows whose shape depends on values: conditions, loops, recursion, tasks made on the fly, reductions."""

from functools import reduce

from orch import flow, task, unmapped


@task
def is_even(number: int) -> bool:
    return number % 2 == 0


@task
def halve(number: int) -> int:
    return number // 2


@task
def triple_and_one(number: int) -> int:
    return number * 3 + 1


@task
def files_of(folder: str) -> list[str]:
    return [f"{folder}/{name}" for name in "abc"[: len(folder)]]


@task
def read(path: str, encoding: str) -> str:
    return f"{path} in {encoding}"


@task
def join(left: object, right: object) -> str:
    return f"({left} {right})"


@flow
def collatz(number: int) -> list[int]:
    seen = [number]
    while number != 1:
        number = halve(number) if is_even(number) else triple_and_one(number)
        seen.append(number)
    return seen


@flow
def fan_out(folders: list[str]) -> list[str]:
    found = files_of.map(folders).result()
    paths = [path for each in found for path in each]
    return read.map(paths, encoding=unmapped("utf-8")).result()


@flow
def reduced(words: list[str]) -> object:
    return reduce(lambda left, right: join.submit(left, right), words).result()  # type: ignore[arg-type,return-value,attr-defined]


@flow
def factorial(number: int) -> int:
    return 1 if number <= 1 else number * factorial(number - 1)


@flow
def fibonacci_by_tasks(number: int) -> int:
    @task
    def step(before: int, last: int) -> tuple[int, int]:
        return last, before + last

    pair = (0, 1)
    for _ in range(number):
        pair = step(*pair)
    return pair[0]


@flow
def built(names: list[str]) -> list[str]:
    made = {name: task(lambda value, name=name: f"{name}:{value}", name=f"make {name}") for name in names}
    return [made[name](position) for position, name in enumerate(names)] + [each.name for each in made.values()]


def plain_sum(left: int, right: int) -> int:
    return left + right


def main() -> object:
    plain = flow(plain_sum, name="plain sum")
    return {
        "collatz": collatz(6),
        "fan out": fan_out(["x", "yy", "zzz"]),
        "reduced": reduced(["a", "b", "c", "d"]),
        "factorial": factorial(6),
        "fibonacci": fibonacci_by_tasks(10),
        "built": built(["one", "two"]),
        "flow of a function": [plain(2, 3), plain.name],
    }
