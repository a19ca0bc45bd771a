"""Lines of attempts."""

import asyncio

from orch_worker.launchers.conformance.stage import DEAF, Stage, expect, first_text, texts

_MANY = 20_000


async def lines_come_in_order(stage: Stage) -> None:
    """Each stream's lines are in the order in which they were written; a last one without its end counts."""
    async with stage.worker() as launcher:
        attempt = await launcher.launch(stage.shell("echo one; echo oops >&2; echo two; printf three"))
        lines = [line async for batch in attempt.output() for line in batch]
    told = [line.text for line in lines if line.text != "oops"]
    expect(told == ["one", "two", "three"], f"Lines come in order, the last one too: {told}.")
    expect("oops" in [line.text for line in lines], "What is written to stderr is output, too.")
    expect(all(line.stream in {"stdout", "stderr"} for line in lines), "A line's stream is stdout or stderr.")
    expect(all(line.time_ns > 0 for line in lines), "A line has the time when it was read.")


async def lines_come_while_it_runs(stage: Stage) -> None:
    """Not only at the end."""
    async with stage.worker() as launcher:
        attempt = await launcher.launch(stage.shell(DEAF))
        expect(await first_text(attempt) == "ready", "A line comes while its attempt runs.")
        await attempt.stop(grace_seconds=0)


async def lines_from_a_number_on(stage: Stage) -> None:
    """Numbers count from 0, and are the same whenever they are asked for."""
    async with stage.worker() as launcher:
        attempt = await launcher.launch(stage.shell("seq 0 9"))
        await attempt.wait()
        for start in (0, 8, 10):
            told = await texts(attempt, start)
            wanted = [str(number) for number in range(start, 10)]
            expect(told == wanted, f"Lines from number {start} on are {wanted}, not {told}.")


async def many_lines_of_many_attempts(stage: Stage) -> None:
    """None is lost, and none goes to another attempt."""
    async with stage.worker() as launcher:
        attempts = await asyncio.gather(*(launcher.launch(stage.shell(f"seq 0 {_MANY - 1}")) for _ in range(4)))
        for attempt in attempts:
            told = await texts(attempt)
            expect(told == [str(number) for number in range(_MANY)], f"{_MANY} lines are told, not {len(told)}.")
