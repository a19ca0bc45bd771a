"""All guards."""

from tests.simulation.guards import limits, outcomes, process_runs, schedules_and_logs, timing, tokens
from tests.simulation.guards.guard import Guard

GUARDS: tuple[Guard, ...] = (
    *tokens.GUARDS,
    *outcomes.GUARDS,
    *timing.GUARDS,
    *limits.GUARDS,
    *schedules_and_logs.GUARDS,
    *process_runs.GUARDS,
)
