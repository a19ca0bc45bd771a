"""Runs that their own processes start: what guards the invariants there."""

from dataclasses import replace
from datetime import datetime

from orch_server.application import resuming, starting
from orch_server.domain import process_runs
from orch_server.domain.runs import RunFacts
from tests.simulation.checks import process_runs as checks
from tests.simulation.guards.guard import POSTGRES, Guard, Patch
from tests.simulation.guards.outcomes import let_nobody_return
from tests.simulation.guards.tokens import end_leases_without_looking


def _admit_any_parent(patch: Patch) -> None:
    patch.setattr(starting, "refuse_parent", lambda parent, runs: None)


def _take_up_whatever_the_token(patch: Patch) -> None:
    patch.setattr(resuming, "refuse_resume", lambda run, *, expected_token: None)


def _keep_the_token(patch: Patch) -> None:
    def kept(run: RunFacts, *, now: datetime) -> RunFacts:
        return replace(process_runs.resume(run, now=now), token=run.token)

    patch.setattr(resuming, "resume", kept)


def _take_an_outage_for_silence(patch: Patch) -> None:
    patch.setattr(resuming, "amnesty_due", lambda last, now, *, sweep_interval: False)


GUARDS = (
    Guard(2, "token of a processs parent", checks.an_old_token_starts_no_run_of_its_own, _admit_any_parent),
    Guard(2, "token of a resumption", checks.an_old_token_takes_nothing_up, _take_up_whatever_the_token),
    Guard(3, "a new token for who resumes", checks.what_was_taken_up_has_a_new_token, _keep_the_token),
    Guard(
        3,
        "expiry in the statement of a resumption",
        checks.a_renewal_before_a_resumption_counts,
        end_leases_without_looking,
        POSTGRES,
    ),
    Guard(7, "processes return", checks.a_process_that_comes_back_has_its_run_again, let_nobody_return),
    Guard(9, "amnesty before a resumption", checks.an_outage_lets_nobody_be_replaced, _take_an_outage_for_silence),
)
