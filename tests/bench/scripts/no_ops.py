"""Many tasks that do nothing. Prints the milliseconds that one costs, and megabytes, as one JSON object.

python no_ops.py HOW COUNT     HOW: sequential, durable, submitted, mapped
"""

import json
import resource
import sys
from collections.abc import Callable
from time import perf_counter, process_time

from orch import flow, task
from orch.recording.recorder import current_recorder


@task
def nothing(number: int) -> int:
    return number


@flow
def sequential(count: int) -> None:
    for number in range(count):
        nothing(number)


@flow(durable=True)
def durable(count: int) -> None:
    for number in range(count):
        nothing(number)


@flow
def submitted(count: int) -> None:
    for future in [nothing.submit(number) for number in range(count)]:
        future.result()


@flow
def mapped(count: int) -> None:
    nothing.map(range(count)).result()


FLOWS: dict[str, Callable[[int], None]] = {each.__name__: each for each in (sequential, durable, submitted, mapped)}


def _megabytes() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def main(how: str, count: int) -> None:
    """Warm up, then measure until everything is stored."""
    run = FLOWS[how]
    run(count // 10)
    current_recorder().flush(60)
    before = _megabytes()
    begin, cpu = perf_counter(), process_time()
    run(count)
    code = perf_counter() - begin
    if not current_recorder().flush(60):
        raise SystemExit("not everything was stored")
    wall = perf_counter() - begin
    figures = {
        "milliseconds": wall / count * 1000,
        "code_milliseconds": code / count * 1000,
        "cpu_milliseconds": (process_time() - cpu) / count * 1000,
        "grown_megabytes": _megabytes() - before,
    }
    print(json.dumps(figures))


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
