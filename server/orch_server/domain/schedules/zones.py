"""Finds time zones and proposes the one that was meant.

Zones come from the IANA database by name. `localtime` is left out, because it means another zone on every
server, and so are names the database does not list (`right/…` counts leap seconds, `posix/…` are copies).
"""

from difflib import get_close_matches
from functools import lru_cache
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError, available_timezones

from orch_server.domain.schedules.violations import InvalidScheduleError, echo

MAX_NAME_LENGTH = 64
_MACHINE_DEPENDENT = frozenset({"localtime", "Factory"})


@lru_cache(maxsize=1)
def zone_names() -> frozenset[str]:
    """Every name that `find_zone` accepts."""
    return frozenset(available_timezones() - _MACHINE_DEPENDENT)


def find_zone(name: str) -> ZoneInfo:
    """The zone called `name`; raises InvalidScheduleError, with close matches, if there is none."""
    if name in zone_names():
        try:
            return ZoneInfo(name)
        except (ZoneInfoNotFoundError, ValueError, OSError):
            pass  # listed but unreadable: the same to the author as not listed
    raise InvalidScheduleError("time_zone", f"there is no time zone {echo(name)}; {_advice(name)}")


def _advice(name: str) -> str:
    matches = _close_names(name)
    if matches:
        return "did you mean " + " or ".join(matches) + "?"
    return "use an IANA name such as UTC, Europe/Berlin or America/New_York"


def _close_names(name: str) -> list[str]:
    if not 0 < len(name) <= MAX_NAME_LENGTH:
        return []
    wanted = name.casefold().replace(" ", "_")
    by_folded = {known.casefold(): known for known in sorted(zone_names())}
    cities = [known for folded, known in by_folded.items() if wanted in {folded, folded.rpartition("/")[2]}]
    if cities:
        return cities[:3]
    return [by_folded[match] for match in get_close_matches(wanted, by_folded, n=3, cutoff=0.7)]
