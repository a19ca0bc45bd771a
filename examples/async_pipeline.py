"""An async pipeline: many requests in flight at once, a limit, a timeout with a retry, and async subflows.

    python examples/async_pipeline.py

A service on this machine answers with the temperatures of a month, one line of JSON a question; it never answers the
first question for a July. The flow asks for all months of two cities at once, waits for each as its loop pleases,
retries what timed out, and compares the cities.
"""

import asyncio
import csv
import json
from importlib.metadata import distribution
from pathlib import Path
from statistics import mean

from orch import flow, task

DATA = Path(str(distribution("vega-datasets").locate_file("vega_datasets/_data")))
CITIES = {"Seattle": "seattle-temps.csv", "San Francisco": "sf-temps.csv"}
JULY = 7
limit = asyncio.Semaphore(8)
"""So many questions are open at once."""


class TemperatureService:
    """Answers `["Seattle", 3]` with the temperatures of that March, in °F, an hour each."""

    def __init__(self) -> None:
        self.asked = 0
        self._silent = {(city, JULY) for city in CITIES}
        self._rows = {city: list(csv.DictReader((DATA / name).open())) for city, name in CITIES.items()}

    async def answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One question a connection."""
        city, month = json.loads(await reader.readline())
        self.asked += 1
        if (city, month) in self._silent:
            self._silent.remove((city, month))
            await reader.read()  # until the other side gives up
        else:
            rows = (row for row in self._rows[city] if int(row["date"][5:7]) == month)
            writer.write(json.dumps([float(row["temp"]) for row in rows]).encode())
        writer.close()


@task(retries=2, timeout_seconds=1, task_run_name="{city}, month {month}")
async def temperatures(port: int, city: str, month: int) -> list[float]:
    """A month's temperatures; given up after a second, and asked for again."""
    async with limit:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        try:
            writer.write(json.dumps([city, month]).encode() + b"\n")
            return [(fahrenheit - 32) / 1.8 for fahrenheit in json.loads(await reader.read())]
        finally:
            writer.close()


@task
def average(months: list[list[float]]) -> float:
    """Of all hours; a sync task among async ones."""
    return mean(hour for month in months for hour in month)


@flow(flow_run_name="climate of {city}")
async def climate(port: int, city: str) -> float:
    """A city's average temperature, all months asked for at once."""
    return average(await asyncio.gather(*(temperatures(port, city, month) for month in range(1, 13))))


@flow(log_prints=True)
async def compare(port: int, cities: list[str]) -> dict[str, float]:
    """The cities' averages: subflows beside each other in one event loop."""
    averages = await asyncio.gather(*(climate(port, city) for city in cities))
    return dict(zip(cities, averages, strict=True))


async def main() -> None:
    """Service and flow in one loop."""
    service = TemperatureService()
    async with await asyncio.start_server(service.answer, "127.0.0.1", 0) as server:
        compared = await compare(server.sockets[0].getsockname()[1], list(CITIES))
    for city, celsius in compared.items():
        print(f"{city}: {celsius:.1f} °C")
    print(f"{service.asked} questions for {12 * len(CITIES)} months")


if __name__ == "__main__":
    asyncio.run(main())
