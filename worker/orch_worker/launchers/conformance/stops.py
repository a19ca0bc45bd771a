"""Attempts that are asked to end."""

import asyncio
from contextlib import suppress

from orch_worker.launchers.base import Outcome
from orch_worker.launchers.conformance.stage import DEAF, WAITS, Stage, expect, first_text, texts

_LONG_SECONDS = 600.0


async def asked_to_end_in_its_own_way(stage: Stage) -> None:
    """It has its grace, and its last words are kept."""
    async with stage.worker() as launcher:
        attempt = await launcher.launch(stage.shell(WAITS))
        await first_text(attempt)
        await attempt.stop(grace_seconds=_LONG_SECONDS)
        ending = await attempt.wait()
        told = await texts(attempt)
    expect(ending.exit_code in {7, None}, f"It ends with its own exit code, 7: {ending}.")
    expect(told[-1:] == ["asked"], f"Its last words are kept: {told}.")


async def deaf_is_ended_by_force(stage: Stage) -> None:
    """When its grace is over."""
    async with stage.worker() as launcher:
        attempt = await launcher.launch(stage.shell(DEAF))
        await first_text(attempt)
        await attempt.stop(grace_seconds=0.2)
        ending = await attempt.wait()
    expect(ending.outcome is Outcome.CRASHED, f"What was ended by force has CRASHED: {ending}.")
    expect(ending.message, "It is told in words that it was ended by force.")


async def shorter_grace_wins(stage: Stage) -> None:
    """Whoever asked first, and though that call was given up."""
    async with stage.worker() as launcher:
        attempt = await launcher.launch(stage.shell(DEAF))
        await first_text(attempt)
        patient = asyncio.create_task(attempt.stop(grace_seconds=_LONG_SECONDS))
        with suppress(TimeoutError):
            async with asyncio.timeout(0.05):
                await attempt.stop(grace_seconds=_LONG_SECONDS)
        await attempt.stop(grace_seconds=0)
        await patient


async def ended_needs_no_stop(stage: Stage) -> None:
    """To stop it changes nothing."""
    async with stage.worker() as launcher:
        attempt = await launcher.launch(stage.job("true"))
        ending = await attempt.wait()
        await attempt.stop(grace_seconds=_LONG_SECONDS)
        expect(await attempt.wait() == ending, "Stopping what has ended leaves its end as it was.")


async def cancelled_launch_leaves_nothing(stage: Stage) -> None:
    """Whenever it is cancelled."""
    jobs = [stage.shell(DEAF) for _ in range(8)]
    async with stage.worker() as launcher:
        for delay, job in enumerate(jobs):
            launching = asyncio.create_task(launcher.launch(job))
            await asyncio.wait({launching}, timeout=delay**2 / 200)
            launching.cancel()
            with suppress(asyncio.CancelledError):
                attempt = await launching
                await attempt.stop(grace_seconds=0)
                await attempt.forget()
    async with stage.worker() as launcher:
        left = [attempt.place for attempt in await launcher.find()]
    expect(not left, f"A launch that was cancelled leaves nothing: {left} is there.")
