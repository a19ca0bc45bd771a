"""Taking runs up again that their own processes had started. The process vouches, or the lease has expired."""

from datetime import timedelta
from uuid import UUID

from orch_server.application.errors import FailedPrecondition, NotFound
from orch_server.application.flow_run_rows import Change
from orch_server.application.grants import GrantedLease
from orch_server.application.ports import Transaction, run_topic
from orch_server.application.sweeping import LOST_CONTACT, SERVICE
from orch_server.domain.flow_runs import FlowRun
from orch_server.domain.launch import NO_LAUNCH_SPEC
from orch_server.domain.leases import ProcessHolder, amnesty_due, process_lease
from orch_server.domain.process_runs import ResumeRefusal, refuse_resume, resume
from orch_server.domain.runs import RunFacts, lose
from orch_server.domain.states import LEASED
from orch_server.domain.values import value

_TAKEN_OVER = "Its holder is dead, says the process that took the run over."
_SWEEP_INTERVAL = timedelta(seconds=1)
"""Of a server as it is set up by default. One that sweeps less often ends a lease only when it sweeps."""


@value
class Resumption:
    """A process's wish to take a run up again. `take_over`: it vouches that the holder of `expected_token` is dead.

    `flow_version` is empty where it stays as it was.
    """

    flow_run_id: UUID
    expected_token: int
    holder: ProcessHolder
    flow_version: str
    take_over: bool


def resume_run(tx: Transaction, wish: Resumption) -> GrantedLease:
    """Grant a run to the process, under a new token. Raises NotFound, and FailedPrecondition (see `ResumeRefusal`, and
    RUN_HELD)."""
    facts = tx.flow_runs.lock([wish.flow_run_id]).get(wish.flow_run_id)
    if facts is None:
        raise NotFound("flow run", str(wish.flow_run_id))
    refusal = refuse_resume(facts, expected_token=wish.expected_token)
    if refusal is not None:
        raise FailedPrecondition(_why(refusal, facts), reason=refusal.value, metadata=_known(facts))
    run = tx.flow_runs.get([facts.id])[facts.id]
    if facts.state.type in LEASED:
        facts = _without_holder(tx, facts, run, take_over=wish.take_over)
    after = resume(facts, now=tx.now)
    lease = process_lease(after.id, after.token, wish.holder, now=tx.now)
    tx.flow_runs.set_holder(after.id, wish.holder, flow_version=wish.flow_version or run.flow_version)
    tx.flow_runs.change([Change(facts, (after,))], granted=[lease])
    tx.announce(run_topic(after.id))
    return GrantedLease(lease, tx.flow_runs.get([after.id])[after.id], NO_LAUNCH_SPEC)


def _without_holder(tx: Transaction, facts: RunFacts, run: FlowRun, *, take_over: bool) -> RunFacts:
    """The run once its lease has ended: because it had expired, or because the caller vouches for it."""
    # After an outage of the control plane nobody's lease has expired: holders could not renew.
    swept = not amnesty_due(tx.background.last(SERVICE), tx.now, sweep_interval=_SWEEP_INTERVAL)
    expired = bool(tx.leases.drop_expired([facts.id])) if swept else False
    if not expired and not take_over:
        holder = f" by {run.holder.name!r}" if run.holder is not None and run.holder.name else ""
        text = (
            f"The run is {facts.state.name} and held{holder}. Wait until its lease has expired, or, where its holder "
            "is known to be dead, set take_over."
        )
        raise FailedPrecondition(text, reason="RUN_HELD", metadata=_known(facts))
    lost, _ = lose(facts, now=tx.now, message=LOST_CONTACT if expired else _TAKEN_OVER)
    tx.flow_runs.change([Change(facts, (lost,))], ended=[] if expired else [facts.id])
    return lost


def _known(facts: RunFacts) -> dict[str, str]:
    return {"flow_run_id": str(facts.id), "token": str(facts.token), "state": facts.state.type.name}


def _why(refusal: ResumeRefusal, facts: RunFacts) -> str:
    match refusal:
        case ResumeRefusal.POOL_RUN:
            return "The run belongs to a work pool, whose workers run it. To have it tried again, call RetryFlowRun."
        case ResumeRefusal.LEASE_LOST:
            return f"Its token is {facts.token}: somebody else has taken the run up since. Leave it to them."
        case ResumeRefusal.RUN_ENDED:
            return "The run is completed; there is nothing left to do. Start a new run."
