"""Fan-out whose width nobody knows beforehand: what a task finds decides which tasks come next.

    python examples/dynamic_fan_out.py

Reads the world's time zones (the IANA database, as Python carries it) and finds those that change their clocks in a
year. One task lists the continents; for each, a task lists its zones; for each zone, a task looks for changes; then one
task a continent and one for the world gather what was found. A few hundred tasks, and none is written down anywhere.
"""

import sys
from collections import Counter
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo, available_timezones

from orch import flow, task

CONTINENTS = {"Africa", "America", "Antarctica", "Asia", "Atlantic", "Australia", "Europe", "Indian", "Pacific"}


@task
def continents() -> list[str]:
    """What there is to look at."""
    return sorted({name.partition("/")[0] for name in available_timezones()} & CONTINENTS)


@task
def zones_of(continent: str) -> list[str]:
    """The zones of a continent."""
    return sorted(name for name in available_timezones() if name.startswith(f"{continent}/"))


@task(task_run_name="{zone} in {year}")
def changes_of(zone: str, year: int) -> list[str]:
    """The days of the year on which the zone's distance to UTC changes."""
    clock = ZoneInfo(zone)
    days = [datetime(year, 1, 1, tzinfo=UTC) + timedelta(days=day) for day in range(366)]
    offsets = [day.astimezone(clock).utcoffset() for day in days]
    return [f"{day:%d %b}" for day, before, after in zip(days, offsets, offsets[1:], strict=False) if before != after]


@task
def gather(continent: str, changes: list[list[str]]) -> dict[str, int]:
    """How often each day occurs on the continent."""
    return dict(Counter(day for days in changes for day in days))


@task
def busiest(of_continents: list[dict[str, int]]) -> tuple[str, int]:
    """The day of the world's most changes, and how many zones change on it."""
    world: Counter[str] = Counter()
    for each in of_continents:
        world.update(each)
    return world.most_common(1)[0]


@flow(log_prints=True)
def clock_changes(year: int) -> str:
    """The day on which most zones change their clocks."""
    found = {continent: zones_of.submit(continent) for continent in continents()}
    gathered = []
    for continent, zones in found.items():
        changes = changes_of.map(zones, year)
        gathered.append(gather.submit(continent, changes))
        print(f"{continent}: {len(changes)} zones")
    day, count = busiest(gathered)
    return f"{day} {year}: {count} zones change their clocks"


def main() -> None:
    """Asks about the year given, or about 2026."""
    print(clock_changes(int(sys.argv[1]) if len(sys.argv) > 1 else 2026))


if __name__ == "__main__":
    main()
