"""Whether a launcher keeps what `orch_worker.launchers.base` promises: checks for the tests of whoever writes one.

Each check is a coroutine function that takes a `Stage`; `CHECKS` has them all, and `run_check` runs one and cleans up.
With pytest and pytest-asyncio:

    @pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__)
    async def test_it_conforms(check: Check, tmp_path: Path) -> None:
        await run_check(check, Stage(MyLauncher, tmp_path, variables={"image": "alpine"}))

Without: `python -m orch_worker.launchers.conformance TYPE`. What is launched are scripts for `sh`.
"""

from collections.abc import Awaitable, Callable

from orch_worker.launchers.conformance import endings, output, restarts, stops
from orch_worker.launchers.conformance.stage import NonConformingError, Stage

Check = Callable[[Stage], Awaitable[None]]

CHECKS: tuple[Check, ...] = (
    endings.ends_well,
    endings.exit_code_is_a_failure,
    endings.killed_is_crashed,
    endings.missing_program_is_told,
    endings.unknown_variable_is_refused,
    endings.ticket_is_in_the_environment,
    endings.parameters_come_by_file,
    endings.result_is_brought_back,
    endings.end_may_be_awaited_by_several,
    output.lines_come_in_order,
    output.lines_come_while_it_runs,
    output.lines_from_a_number_on,
    output.many_lines_of_many_attempts,
    stops.asked_to_end_in_its_own_way,
    stops.deaf_is_ended_by_force,
    stops.shorter_grace_wins,
    stops.ended_needs_no_stop,
    stops.cancelled_launch_leaves_nothing,
    restarts.running_is_found_and_goes_on,
    restarts.ended_is_found_with_its_end,
    restarts.forgotten_is_not_found,
    restarts.same_attempt_starts_once,
    restarts.known_attempt_is_not_started_again,
    restarts.others_do_not_find_it,
)
"""All of them, each under a name that says what holds."""


async def run_check(check: Check, stage: Stage) -> None:
    """Run one, and leave nothing behind. Raises NonConformingError."""
    try:
        await check(stage)
    finally:
        await stage.clear()


__all__ = ["CHECKS", "Check", "NonConformingError", "Stage", "run_check"]
