"""ETL against a service that stumbles: retries on the way in, a cache so that nothing is fetched twice.

    python examples/etl_with_retries_and_caching.py

An HTTP service on this machine hands out four years of Seattle's daily weather, a year a request, and answers each
year's first request with 503. The flow fetches the years (retried with growing delays), cleans them, and loads monthly
totals into SQLite. Run a second time, it finds every year in the cache: the service is not asked at all.
"""

import csv
import io
import sqlite3
import tempfile
from collections import Counter
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from importlib.metadata import distribution
from pathlib import Path
from threading import Thread
from urllib.request import urlopen

from orch import flow, task, unmapped
from orch.cache_policies import INPUTS, TASK_SOURCE
from orch.tasks import exponential_backoff

Row = dict[str, str]
Total = tuple[str, float, float]
"""A month, the rain in it in mm, its highest temperature in °C."""

WEATHER = Path(str(distribution("vega-datasets").locate_file("vega_datasets/_data/seattle-weather.csv"))).read_text()
requests: Counter[str] = Counter()


class WeatherService(BaseHTTPRequestHandler):
    """`GET /2012` answers the year's rows as CSV; at the first try it is overloaded."""

    def do_GET(self) -> None:
        """Answers, or does not."""
        year = self.path.strip("/")
        requests[year] += 1
        head, *rows = WEATHER.splitlines(keepends=True)
        self.send_response(503 if requests[year] == 1 else 200)
        self.end_headers()
        if requests[year] > 1:
            self.wfile.write("".join([head, *(row for row in rows if row.startswith(year))]).encode())

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        """Says nothing."""


@task(
    retries=3, retry_delay_seconds=exponential_backoff(backoff_factor=0.05), cache_policy=INPUTS - "url" + TASK_SOURCE
)
def extract(url: str, year: int) -> list[Row]:
    """One year's rows, from the service or from the cache. The service's address is no part of the cache's key."""
    with urlopen(f"{url}/{year}", timeout=10) as answer:
        return list(csv.DictReader(io.StringIO(answer.read().decode())))


@task
def transform(rows: list[Row]) -> list[Total]:
    """Totals of each month."""
    months: dict[str, list[Row]] = {}
    for row in rows:
        months.setdefault(row["date"][:7].replace("/", "-"), []).append(row)
    return [
        (month, sum(float(row["precipitation"]) for row in days), max(float(row["temp_max"]) for row in days))
        for month, days in months.items()
    ]


@task(retries=2)
def load(years: list[list[Total]], database: Path) -> int:
    """Writes all months in one transaction; running it again changes nothing."""
    with sqlite3.connect(database) as connection:
        connection.execute("create table if not exists month (month text primary key, rain real, warmest real)")
        rows = [total for totals in years for total in totals]
        connection.executemany("insert or replace into month values (?, ?, ?)", rows)
    return len(rows)


@flow(log_prints=True)
def weather_etl(url: str, years: list[int], database: Path) -> int:
    """From the service into the database."""
    loaded: int = load(transform.map(extract.map(unmapped(url), years)), database)
    print(f"{loaded} months loaded")
    return loaded


def main() -> None:
    """Runs the flow twice against one service."""
    service = ThreadingHTTPServer(("127.0.0.1", 0), WeatherService)
    Thread(target=service.serve_forever, daemon=True).start()
    with tempfile.TemporaryDirectory() as folder:
        database = Path(folder, "weather.db")
        for run in ("first", "second"):
            requests.clear()
            months = weather_etl(f"http://127.0.0.1:{service.server_port}", [2012, 2013, 2014, 2015], database)
            print(f"{run} run: {months} months, {requests.total()} requests")
        with sqlite3.connect(database) as connection:
            wettest = connection.execute("select month, round(rain) from month order by rain desc limit 1").fetchone()
    print(f"wettest month: {wettest[0]} with {wettest[1]:.0f} mm")
    service.shutdown()
    service.server_close()


if __name__ == "__main__":
    main()
