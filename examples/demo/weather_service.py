"""An HTTP API of this machine with a real public dataset: Seattle's daily weather, 2012 to 2015 (NOAA).

GET /months            the months that there are, as JSON
GET /weather/2012-01   the days of a month, as JSON. Every fourth such request is answered 503: services stumble
GET /requests          how often each month was answered, as JSON

    python weather_service.py         # prints its address and serves until it is stopped
"""

import csv
import json
import threading
from collections import Counter, defaultdict
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from importlib.metadata import distribution
from pathlib import Path

DATASET = Path(str(distribution("vega-datasets").locate_file("vega_datasets/_data/seattle-weather.csv")))
STUMBLES_EVERY = 4


def by_month() -> dict[str, list[dict[str, str]]]:
    """The dataset's rows by month: "2012-01" to "2015-12"."""
    months: dict[str, list[dict[str, str]]] = defaultdict(list)
    with DATASET.open(newline="") as file:
        for row in csv.DictReader(file):
            row["date"] = row["date"].replace("/", "-")
            months[row["date"][:7]].append(row)
    return months


class WeatherService(ThreadingHTTPServer):
    """Serves the dataset on a free port of the loopback."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.months = by_month()
        self.answered: Counter[str] = Counter()
        self.asked = 0
        self.progress = threading.Condition()

    @property
    def url(self) -> str:
        """Its address."""
        return f"http://127.0.0.1:{self.server_port}"

    def wait_for(self, requests: int) -> None:
        """Wait until so many months have been answered."""
        with self.progress:
            self.progress.wait_for(lambda: self.answered.total() >= requests)


class _Handler(BaseHTTPRequestHandler):
    server: WeatherService

    def do_GET(self) -> None:
        status, content = self._answer()
        body = json.dumps(content).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def _answer(self) -> tuple[int, object]:
        if self.path == "/months":
            return 200, sorted(self.server.months)
        if self.path == "/requests":
            return 200, dict(self.server.answered)
        month = self.path.removeprefix("/weather/")
        if month not in self.server.months:
            return 404, {"error": f"There is nothing at {self.path}."}
        with self.server.progress:
            self.server.asked += 1
            if self.server.asked % STUMBLES_EVERY == 0:
                return 503, {"error": "Too busy; try again."}
            self.server.answered[month] += 1
            self.server.progress.notify_all()
        return 200, self.server.months[month]

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        """Says nothing."""


if __name__ == "__main__":
    service = WeatherService()
    print(service.url, flush=True)
    service.serve_forever()
