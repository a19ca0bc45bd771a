"""The demo's pipeline: days of weather from an HTTP API into PostgreSQL, and a report made of them.

`weather-etl` runs `ingest-year` once a year and `monthly-report` at the end: subflows, each a run of its own. It is
durable: what was loaded before a crash is not fetched again. `weather-audit` checks what the others have written.
"""

import asyncio
import json
import os
from datetime import date
from urllib.request import urlopen

import asyncpg

from orch import flow, get_run_logger, task
from orch.tasks import exponential_backoff

SERVICE = os.environ.get("WEATHER_SERVICE", "http://127.0.0.1:8000")
WAREHOUSE = os.environ.get("WAREHOUSE", "postgresql://localhost/weather")

Day = dict[str, str]
Row = tuple[date, float, float, float, float, str]

TABLES = """
create table if not exists weather (
    day date primary key, rain_mm real not null, warmest_c real not null, coldest_c real not null,
    wind_mps real not null, kind text not null
);
create table if not exists monthly_report (
    month text primary key, days int not null, rain_mm real not null, warmest_c real not null
);
"""


@task(retries=5, retry_delay_seconds=exponential_backoff(backoff_factor=0.1), retry_jitter_factor=0.5)
def extract(month: str) -> list[Day]:
    """The days of a month, from the service."""
    with urlopen(f"{SERVICE}/weather/{month}", timeout=10) as answer:
        days: list[Day] = json.load(answer)
    return days


@task
def transform(days: list[Day]) -> list[Row]:
    """Rows for the warehouse. A day that cannot be read fails the task: nothing is dropped silently."""
    return [
        (
            date.fromisoformat(day["date"]),
            float(day["precipitation"]),
            float(day["temp_max"]),
            float(day["temp_min"]),
            float(day["wind"]),
            day["weather"],
        )
        for day in days
    ]


@task(retries=3, retry_delay_seconds=0.5)
async def load(rows: list[Row]) -> int:
    """Writes rows in one transaction. Writing them again changes nothing."""
    connection = await asyncpg.connect(WAREHOUSE)
    try:
        async with connection.transaction():
            await connection.executemany(
                "insert into weather values ($1, $2, $3, $4, $5, $6) on conflict (day) do update set"
                " rain_mm = excluded.rain_mm, warmest_c = excluded.warmest_c, coldest_c = excluded.coldest_c,"
                " wind_mps = excluded.wind_mps, kind = excluded.kind",
                rows,
            )
    finally:
        await connection.close()
    return len(rows)


@task
async def create_tables() -> None:
    """Creates what is missing."""
    connection = await asyncpg.connect(WAREHOUSE)
    try:
        await connection.execute(TABLES)
    finally:
        await connection.close()


@flow(flow_run_name="year-{year}", durable=True)
async def ingest_year(year: int, pause_seconds: float = 0.0) -> int:
    """One year, month by month. Returns the number of days loaded. `pause_seconds`: after each month, for onlookers."""
    loaded = 0
    for month in range(1, 13):
        rows = transform(extract(f"{year}-{month:02}"))
        loaded += await load(rows)
        get_run_logger().info("%s-%02d loaded: %s days", year, month, len(rows))
        await asyncio.sleep(pause_seconds)
    return loaded


@task
async def summarize() -> int:
    """Fills the table monthly_report anew."""
    connection = await asyncpg.connect(WAREHOUSE)
    try:
        async with connection.transaction():
            await connection.execute("delete from monthly_report")
            done = await connection.execute(
                "insert into monthly_report select to_char(day, 'YYYY-MM'), count(*), sum(rain_mm), max(warmest_c)"
                " from weather group by 1"
            )
    finally:
        await connection.close()
    return int(done.split()[-1])


@flow
async def monthly_report() -> int:
    """The report. Returns its number of months."""
    return await summarize()


@flow(durable=True, log_prints=True)
async def weather_etl(years: list[int], pause_seconds: float = 0.0) -> dict[str, int]:
    """From the service into the warehouse, and the report. Returns how many days and months there are."""
    await create_tables()
    days = 0
    for year in years:
        days += await ingest_year(year, pause_seconds)
    months = await monthly_report()
    print(f"{days} days loaded, {months} months reported")
    return {"days": days, "months": months}


@flow(log_prints=True)
async def weather_audit(least_days: int = 1) -> int:
    """Fails where the warehouse has gaps. Returns the number of days in it."""
    connection = await asyncpg.connect(WAREHOUSE)
    try:
        days, first, last = await connection.fetchrow("select count(*), min(day), max(day) from weather")
    finally:
        await connection.close()
    if days < least_days or (last - first).days + 1 != days:
        raise ValueError(f"The warehouse has {days} days between {first} and {last}: some are missing.")
    print(f"{days} days without a gap, {first} to {last}")
    return int(days)
