"""Doing something until it is done, or until something else has happened."""

import asyncio
from collections.abc import Coroutine
from contextlib import suppress
from typing import Any, TypeVar

T = TypeVar("T")


async def unless(
    interruption: Coroutine[Any, Any, object], doing: Coroutine[Any, Any, T], *, patience_seconds: float = 0.0
) -> T | None:
    """What `doing` brings; None where the interruption came first, and it was not done even `patience_seconds` later:
    then it was cancelled, and that has had its effect.
    """
    task, interrupted = asyncio.create_task(doing), asyncio.create_task(interruption)
    try:
        await asyncio.wait({task, interrupted}, return_when=asyncio.FIRST_COMPLETED)
        if not task.done():
            await asyncio.wait({task}, timeout=patience_seconds)
        return await task if task.done() else None
    finally:
        interrupted.cancel()
        if not task.done():
            task.cancel()
            # What it has to say of being cancelled, nobody wants to know any more.
            with suppress(asyncio.CancelledError, Exception):
                await task


async def first(*waits: Coroutine[Any, Any, object], within_seconds: float | None = None) -> None:
    """Returns when the first of these is done, or the time is over. The others are cancelled."""
    tasks = [asyncio.create_task(each) for each in waits]
    try:
        await asyncio.wait(tasks, timeout=within_seconds, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in tasks:
            task.cancel()
