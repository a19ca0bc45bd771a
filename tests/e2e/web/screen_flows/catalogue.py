"""Flows that the tests of the screen deploy."""

import time
from datetime import date
from pathlib import Path
from typing import Literal

from pydantic import BaseModel

from orch import flow, get_run_logger, task


class Source(BaseModel):
    """Where the catalogue is."""

    url: str = "https://shop.example/catalogue"
    timeout_seconds: float = 10.0


@task
def extract(page: int) -> int:
    """Reads one page."""
    get_run_logger().info("page %d is read", page)
    return page


@task
def load(pages: list[int]) -> int:
    """Writes what was read."""
    get_run_logger().warning("one price of %d pages is missing", len(pages))
    return sum(pages)


def wait_for(gate: str) -> None:
    """Goes on when the file is there."""
    while gate and not Path(gate).exists():
        time.sleep(0.05)


@flow
def catalogue(
    pages: int,
    day: date = date(2026, 11, 22),
    mode: Literal["full", "delta"] = "delta",
    source: Source = Source(),  # noqa: B008 - a flow's defaults are read, never changed
    regions: list[str] = ["eu"],  # noqa: B006
    note: str | None = None,
    gate: str = "",
) -> dict[str, int]:
    """Loads the catalogue of a shop.

    Reads its pages, then writes their sum.
    """
    logger = get_run_logger()
    logger.info("%s load of %s from %s for %s: %s", mode, day, source.url, regions, note)
    read = extract.map(range(pages))
    logger.info("before the gate")
    wait_for(gate)
    return {"total": load([one.result() for one in read])}


@flow
def checked(proof: str = "", note: str = "") -> str:
    """Fails unless the file is there."""
    get_run_logger().info("checking %s", note)
    extract(1)
    if not Path(proof).is_file():
        raise ValueError("the totals do not add up: 1241 <> 1214")
    extract(2)
    return "they add up"


@flow
def endless() -> None:
    """Goes on until somebody stops it."""
    get_run_logger().info("going on")
    wait_for("/nowhere")
