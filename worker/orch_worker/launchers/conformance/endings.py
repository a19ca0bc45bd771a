"""How attempts begin and end."""

import asyncio
import json

from orch_worker.launchers.base import Ending, Job, Launcher, LaunchError, Outcome
from orch_worker.launchers.conformance.stage import Stage, expect, texts

_PARAMETERS = json.dumps({"text": "ä" * 80_000})
"""More than an environment can hold."""


async def ends_well(stage: Stage) -> None:
    """Exit code 0 is COMPLETED."""
    ending = await _ended(stage, stage.job("true"))
    expect(ending.outcome is Outcome.COMPLETED, f"Exit code 0 is COMPLETED, not {ending}.")
    expect(ending.result is None, f"Where no result was left, there is none: {ending}.")


async def exit_code_is_a_failure(stage: Stage) -> None:
    """Another exit code is FAILED, and told."""
    ending = await _ended(stage, stage.shell("exit 3"))
    expect((ending.outcome, ending.exit_code) == (Outcome.FAILED, 3), f"Exit code 3 is FAILED with it, not {ending}.")
    expect("3" in ending.message, f"The message names the exit code: {ending.message!r}.")


async def killed_is_crashed(stage: Stage) -> None:
    """What ends by a signal has CRASHED."""
    ending = await _ended(stage, stage.shell("kill -KILL $$; exit 9"))
    if ending.exit_code == 9:
        return  # The shell is the first process of a container, which no signal of its own can end.
    expect(ending.outcome is Outcome.CRASHED, f"A killed attempt has CRASHED, not {ending}.")
    expect(ending.message, "The end of a killed attempt is told in words.")


async def missing_program_is_told(stage: Stage) -> None:
    """A program that is not there: no COMPLETED, no CRASHED, no other exception than LaunchError."""
    async with stage.worker() as launcher:
        try:
            attempt = await launcher.launch(stage.job("no-such-program-anywhere"))
        except LaunchError as error:
            expect(str(error), "A LaunchError says why.")
            return
        ending = await attempt.wait()
    expect(
        ending.outcome in {Outcome.LAUNCH_FAILED, Outcome.FAILED},
        f"A missing program is LAUNCH_FAILED, or FAILED with 127, not {ending}.",
    )
    expect(ending.message, "A missing program is told in words.")


async def unknown_variable_is_refused(stage: Stage) -> None:
    """A job variable that nobody knows is a mistake of somebody's: it is named."""
    async with stage.worker() as launcher:
        try:
            await launcher.launch(stage.job("true", no_such_variable=1))
        except LaunchError as error:
            expect("no_such_variable" in str(error), f"The refusal names the variable: {error}")
            return
    expect(False, "An unknown job variable is refused with LaunchError.")


async def ticket_is_in_the_environment(stage: Stage) -> None:
    """What the run's process is told about itself."""
    job = stage.shell('echo "$ORCH_FLOW_RUN_ID/$ORCH_LEASE_TOKEN"')
    async with stage.worker() as launcher:
        lines = await texts(await launcher.launch(job))
    told = f"{job.key.flow_run_id}/{job.key.token}"
    expect(lines == [told], f"The ticket is in the environment: {told}, not {lines}.")


async def parameters_come_by_file(stage: Stage) -> None:
    """Commands find their parameters, however large, in the file that ORCH_PARAMETERS_FILE names."""
    job = stage.shell('wc -c < "$ORCH_PARAMETERS_FILE"', parameters=_PARAMETERS)
    async with stage.worker() as launcher:
        lines = await texts(await launcher.launch(job))
    size = len(_PARAMETERS.encode())
    expect([line.strip() for line in lines] == [str(size)], f"The parameters' file has {size} bytes, not {lines}.")


async def result_is_brought_back(stage: Stage) -> None:
    """What a command writes into ORCH_RESULT_FILE is its result."""
    ending = await _ended(stage, stage.shell("""echo '{"rows": 7}' > "$ORCH_RESULT_FILE" """))
    expect(json.loads(ending.result or b"null") == {"rows": 7}, f"The result is brought back: {ending.result!r}.")


async def end_may_be_awaited_by_several(stage: Stage) -> None:
    """And again; and who gives up does not disturb the others."""
    async with stage.worker() as launcher:
        attempt = await launcher.launch(stage.job("true"))
        one, other = (asyncio.create_task(attempt.wait()) for _ in range(2))
        await asyncio.sleep(0)
        one.cancel()
        ending = await other
        expect(await attempt.wait() == ending, "The end is the same for all who wait for it.")


async def _ended(stage: Stage, job: Job) -> Ending:
    async with stage.worker() as launcher:
        return await _end_of(launcher, job)


async def _end_of(launcher: Launcher, job: Job) -> Ending:
    attempt = await launcher.launch(job)
    ending = await attempt.wait()
    await attempt.forget()
    return ending
