"""Attempts and the workers that come and go."""

import asyncio
from uuid import uuid4

from orch_worker.launchers.base import Attempt, AttemptKey, Job, Launcher, LaunchError
from orch_worker.launchers.conformance.stage import WAITS, Stage, expect, first_text, texts

_LONG_SECONDS = 600.0


async def running_is_found_and_goes_on(stage: Stage) -> None:
    """Its lines keep their numbers; it can be stopped."""
    job = stage.shell(WAITS)
    async with stage.worker() as launcher:
        attempt = await launcher.launch(job)
        await first_text(attempt)
        place = attempt.place
    async with stage.worker() as launcher:
        found = await _only(launcher, job.key)
        expect(found.place == place, f"It is where it was: {place}, not {found.place}.")
        expect(found.memo in {"", job.memo}, f"A memo comes back as it was, or empty: {found.memo!r}.")
        again = [each.key for each in await launcher.find()]
        expect(not again, f"What was found is not found again: {again}.")
        await found.stop(grace_seconds=_LONG_SECONDS)
        ending = await found.wait()
        expect(ending.exit_code in {7, None}, f"It is stopped as it would have been before: {ending}.")
        told = await texts(found)
        expect((told[0], told[-1]) == ("ready", "asked"), f"It has the lines of before and of after: {told}.")
        expect(await texts(found, 1) == told[1:], f"Numbers go on where they were: {told}.")
        await found.forget()


async def ended_is_found_with_its_end(stage: Stage) -> None:
    """What nobody has forgotten is told, however late."""
    job = stage.shell("echo one; echo two; exit 4")
    async with stage.worker() as launcher:
        await (await launcher.launch(job)).wait()
    async with stage.worker() as launcher:
        found = await _only(launcher, job.key)
        ending = await found.wait()
        expect(ending.exit_code == 4, f"Its end is as it was, exit code 4: {ending}.")
        told = await texts(found)
        expect(told == ["one", "two"], f"Its lines are as they were: {told}.")
        await found.forget()


async def forgotten_is_not_found(stage: Stage) -> None:
    """And may be forgotten twice."""
    job = stage.job("true")
    async with stage.worker() as launcher:
        attempt = await launcher.launch(job)
        await attempt.wait()
        await attempt.forget()
        await attempt.forget()
    async with stage.worker() as launcher:
        found = [each.key for each in await launcher.find()]
    expect(not found, f"What was forgotten is not found: {found}.")


async def same_attempt_starts_once(stage: Stage) -> None:
    """However often it is launched at the same time."""
    job = stage.shell(WAITS)
    async with stage.worker() as launcher:
        tries = await asyncio.gather(*(launcher.launch(job) for _ in range(3)), return_exceptions=True)
        wrong = [each for each in tries if isinstance(each, BaseException) and not isinstance(each, LaunchError)]
        expect(not wrong, f"A second launch answers with the attempt, or with LaunchError: {wrong}.")
        places = {each.place for each in tries if not isinstance(each, BaseException)}
        expect(len(places) == 1, f"An attempt that is launched three times at once runs once: {sorted(places)}.")


async def known_attempt_is_not_started_again(stage: Stage) -> None:
    """After a restart, too."""
    job = stage.shell(WAITS)
    async with stage.worker() as launcher:
        attempt = await launcher.launch(job)
        place = attempt.place
    async with stage.worker() as launcher:
        expect(await _is_refused_or_same(launcher, job, place), "An attempt of an earlier worker is not started again.")


async def others_do_not_find_it(stage: Stage) -> None:
    """Workers of other names may see it among the strays; it is found by its own only, and is no stray of that."""
    job = stage.shell(WAITS, key=AttemptKey(str(uuid4()), 2))
    async with stage.worker() as launcher, stage.worker("another") as another:
        attempt = await launcher.launch(job)
        found = [each.key for each in await another.find()]
        expect(not found, f"Another worker does not find it: {found}.")
        own = [each.key for each in await launcher.strays()]
        expect(not own, f"What a worker has launched is no stray of its own: {own}.")
        for stray in await another.strays():
            expect((stray.key, stray.place) == (job.key, attempt.place), f"A stray is what it is: {stray.place}.")
            expect(stray.memo == job.memo, "A stray has its memo: nobody else knows its grace.")


async def _only(launcher: Launcher, key: AttemptKey) -> Attempt:
    found = await launcher.find()
    expect([each.key for each in found] == [key], f"A restarted worker finds {key}: {[each.key for each in found]}.")
    return found[0]


async def _is_refused_or_same(launcher: Launcher, job: Job, place: str) -> bool:
    try:
        return (await launcher.launch(job)).place == place
    except LaunchError:
        return True
