"""The same as `no_ops.py`, for Prefect: run by Prefect's own Python, PREFECT_API_URL names its server.

python prefect_tasks.py HOW COUNT     HOW: sequential, submitted, mapped. Prints milliseconds a task as JSON.
"""

import json
import sys
from time import perf_counter

from prefect import flow, task  # type: ignore[import-not-found]


@task  # type: ignore[untyped-decorator]
def nothing(number: int) -> int:
    return number


@flow  # type: ignore[untyped-decorator]
def sequential(count: int) -> None:
    for number in range(count):
        nothing(number)


@flow  # type: ignore[untyped-decorator]
def submitted(count: int) -> None:
    for future in [nothing.submit(number) for number in range(count)]:
        future.result()


@flow  # type: ignore[untyped-decorator]
def mapped(count: int) -> None:
    nothing.map(list(range(count))).result()


if __name__ == "__main__":
    run, count = {"sequential": sequential, "submitted": submitted, "mapped": mapped}[sys.argv[1]], int(sys.argv[2])
    run(count // 10)
    begin = perf_counter()
    run(count)
    print(json.dumps({"milliseconds": round((perf_counter() - begin) * 1000 / count, 3)}))
