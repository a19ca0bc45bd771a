"""The same as `hello.py`, for DBOS: run by its own Python, BENCH_DATABASE_URL names its database."""

import os

from dbos import DBOS  # type: ignore[import-not-found]

DBOS(config={"name": "bench", "system_database_url": os.environ["BENCH_DATABASE_URL"], "log_level": "ERROR"})


@DBOS.step()  # type: ignore[untyped-decorator]
def increment(number: int) -> int:
    return number + 1


@DBOS.workflow()  # type: ignore[untyped-decorator]
def hello() -> int:
    return increment(1)  # type: ignore[no-any-return]


DBOS.launch()
hello()
DBOS.destroy()
