"""Durable steps, and whole workflows, of DBOS: run by its own Python, BENCH_DATABASE_URL names its database.

dbos_steps.py steps COUNT          steps of one workflow, one after another; prints milliseconds a step
dbos_steps.py workflows COUNT      workflows of one step, started at once; prints workflows a second
"""

import json
import os
import sys
from time import perf_counter

from dbos import DBOS  # type: ignore[import-not-found]

DBOS(config={"name": "bench", "system_database_url": os.environ["BENCH_DATABASE_URL"], "log_level": "ERROR"})


@DBOS.step()  # type: ignore[untyped-decorator]
def nothing(number: int) -> int:
    return number


@DBOS.workflow()  # type: ignore[untyped-decorator]
def steps(count: int) -> None:
    for number in range(count):
        nothing(number)


def main(what: str, count: int) -> None:
    """Warm up, then measure."""
    steps(5)
    begin = perf_counter()
    if what == "steps":
        steps(count)
        print(json.dumps({"milliseconds": round((perf_counter() - begin) * 1000 / count, 3)}))
        return
    for handle in [DBOS.start_workflow(steps, 1) for _ in range(count)]:
        handle.get_result()
    print(json.dumps({"runs_per_s": round(count / (perf_counter() - begin), 1)}))


if __name__ == "__main__":
    DBOS.launch()
    main(sys.argv[1], int(sys.argv[2]))
    DBOS.destroy()
