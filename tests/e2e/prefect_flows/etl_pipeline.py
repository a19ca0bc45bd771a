"""A pipeline as people write them: paged extraction with retries, cleaning, a report, a failing source."""

import csv
import io
from collections import Counter
from collections.abc import Iterable
from typing import Any

from pydantic import BaseModel

from orch import allow_failure, flow, tags, task, unmapped
from orch.logging import get_run_logger
from orch.states import Completed, Failed

RAW = {
    "north": "day,kwh\n1,10\n2,11\n3,x\n",
    "south": "day,kwh\n1,7\n2,\n3,9\n",
    "west": "day,kwh\n",
}
attempts: Counter[str] = Counter()
notices: list[str] = []


class Settings(BaseModel):
    regions: list[str]
    factor: float = 1.0


class Reading(BaseModel):
    region: str
    day: int
    kwh: float


def tell(flow: Any, flow_run: Any, state: Any) -> None:
    notices.append(f"{flow.name}: {state.name}: {state.message}")


@task(retries=2, retry_delay_seconds=0.01, task_run_name="extract {region}")
def extract(region: str) -> str:
    attempts[region] += 1
    if attempts[region] == 1:
        raise ConnectionError(f"{region} is busy")
    if region not in RAW:
        raise LookupError(f"no region {region}")
    return RAW[region]


@task
def parse(region: str, text: str, factor: float) -> list[Reading]:
    logger = get_run_logger()
    readings = []
    for row in csv.DictReader(io.StringIO(text)):
        try:
            readings.append(Reading(region=region, day=int(row["day"]), kwh=float(row["kwh"]) * factor))
        except ValueError:
            logger.warning("skipped %s", row)
    return readings


@task
def validate(readings: list[Reading]) -> object:
    if not readings:
        return Failed(message="nothing to load")
    return Completed(message=f"{len(readings)} rows", data=readings)


@task
def load(batches: Iterable[list[Reading]]) -> dict[str, float]:
    totals: Counter[str] = Counter()
    for reading in (each for batch in batches for each in batch):
        totals[reading.region] += int(reading.kwh)
    return dict(sorted(totals.items()))


@task
def report(totals: object, problems: list[object]) -> str:
    return f"{totals} with {len(problems)} problems: {[repr(each) for each in problems]}"


@flow(name="energy", on_failure=[tell], on_completion=[tell], log_prints=True)
def pipeline(settings: Settings) -> str:
    with tags("extraction"):
        texts = extract.map(settings.regions)
    batches = parse.map(settings.regions, texts, factor=unmapped(settings.factor))
    batches.wait()
    good = [each for each in batches if each.state.is_completed()]
    bad = [each for each in texts if each.state.is_failed()]
    totals = load.submit(good)
    return report(totals, [allow_failure(each) for each in bad])


@flow(on_failure=[tell])
def strict(region: str) -> object:
    return validate.submit(parse(region, extract(region), 1.0))


def main() -> object:
    outcome: dict[str, object] = {
        "report": pipeline(Settings(regions=["north", "south", "east"], factor=2)),
        "from a dictionary": pipeline({"regions": ["north"]}),
    }
    for region in ("south", "west"):
        state = strict(region, return_state=True)
        outcome[region] = [state.type.value, state.name, state.message]
    return {**outcome, "attempts": dict(sorted(attempts.items())), "notices": notices}
