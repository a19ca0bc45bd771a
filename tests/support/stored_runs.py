"""Flow runs put straight into the store, in any state and under any token, without the way that leads there."""

from dataclasses import replace
from datetime import datetime
from uuid import UUID

from orch_server.application.flow_run_rows import Change
from orch_server.application.ports import Ids, Store, Transaction
from orch_server.domain.flow_runs import NO_TRACE, FlowRun
from orch_server.domain.flows import Flow
from orch_server.domain.policies import NO_RECOVERY, NO_RETRY
from orch_server.domain.runs import RunFacts
from orch_server.domain.states import TERMINAL, State, StateType, default_name


async def store_run(
    store: Store, ids: Ids, now: datetime, *, state: StateType = StateType.RUNNING, token: int = 1
) -> UUID:
    """Insert a run without pool and deployment that entered its state now; returns its id."""
    run_id = ids.new(now)

    def work(tx: Transaction) -> None:
        tx.flows.add_missing([Flow(ids.new(now), "etl", now)])
        tx.flow_runs.add([_run(run_id, tx.flows.ids_by_name(["etl"])["etl"], now, state=state, token=token)])

    await store.write(work)
    return run_id


async def change_run(
    store: Store, run_id: UUID, now: datetime, *, state: StateType | None = None, token: int | None = None
) -> None:
    """Put a run into another state, or under another token, as a grant, a report or a sweep would."""

    def work(tx: Transaction) -> None:
        before = tx.flow_runs.lock([run_id])[run_id]
        type_ = before.state.type if state is None else state
        after = replace(
            before,
            state=State(type_, default_name(type_), now),
            version=before.version + 1,
            token=before.token if token is None else token,
            end_time=now if type_ in TERMINAL else None,
        )
        tx.flow_runs.change([Change(before, (after,))])

    await store.write(work)


def _run(run_id: UUID, flow_id: UUID, now: datetime, *, state: StateType, token: int) -> FlowRun:
    facts = RunFacts(
        id=run_id,
        state=State(state, default_name(state), now),
        version=1,
        token=token,
        report_sequence=0,
        attempt=1,
        retries_used=0,
        crash_restarts_used=0,
        lost_from=None,
        retry_policy=NO_RETRY,
        recovery_policy=NO_RECOVERY,
        scheduled_time=now,
        start_time=now,
        end_time=now if state in TERMINAL else None,
        work_pool_id=None,
    )
    return FlowRun(
        facts=facts,
        name="calm-heron",
        flow_id=flow_id,
        flow_name="etl",
        deployment_id=None,
        deployment_version=0,
        work_queue_id=None,
        work_pool_name="",
        work_queue_name="",
        parameters="{}",
        job_variables="",
        tags=(),
        idempotency_key="",
        parent_flow_run_id=None,
        parent_task_run_id=None,
        schedule_id=None,
        nominal_time=None,
        waits_for_schedule=False,
        trace=NO_TRACE,
        create_time=now,
        update_time=now,
    )
