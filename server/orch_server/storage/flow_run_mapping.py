"""Between rows of flow runs and their values."""

import json
from collections.abc import Sequence
from datetime import timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Select, null, select

from orch_server.domain.flow_runs import NO_TRACE, FlowRun, TraceContext
from orch_server.domain.leases import ProcessHolder
from orch_server.domain.results import Result
from orch_server.domain.runs import RunFacts
from orch_server.domain.states import State, StateType
from orch_server.storage.documents import (
    dump_failure,
    dump_recovery,
    dump_retry,
    load_failure,
    load_recovery,
    load_retry,
)
from orch_server.storage.tables import deployment, flow, flow_run, flow_run_result, work_pool, work_queue

_r = flow_run.c

_FACTS = (
    _r.id,
    _r.state_type,
    _r.state_name,
    _r.state_time,
    _r.state_message,
    _r.failure,
    _r.version,
    _r.token,
    _r.report_sequence,
    _r.attempt,
    _r.retries_used,
    _r.crash_restarts_used,
    _r.lost_from,
    _r.retry_policy,
    _r.recovery_policy,
    _r.scheduled_time,
    _r.start_time,
    _r.end_time,
    _r.work_pool_id,
)
_CARRIED = (
    _r.name,
    _r.flow_id,
    flow.c.name.label("flow_name"),
    _r.deployment_id,
    _r.deployment_version,
    _r.work_queue_id,
    work_pool.c.name.label("work_pool_name"),
    work_queue.c.name.label("work_queue_name"),
    _r.parameters,
    _r.job_variables,
    _r.tags,
    _r.idempotency_key,
    _r.parent_flow_run_id,
    _r.parent_task_run_id,
    _r.schedule_id,
    _r.nominal_time,
    _r.waits_for_schedule,
    _r.traceparent,
    _r.tracestate,
    _r.create_time,
    _r.update_time,
    _r.flow_version,
    deployment.c.name.label("deployment_name"),
    _r.holder_id,
    _r.holder_name,
    _r.lease_ttl_ms,
)
_RESULT = slice(len(_FACTS) + len(_CARRIED), len(_FACTS) + len(_CARRIED) + 4)
_STATE_TYPES = {int(each): each for each in StateType}
"""Looked up in half the time that the enumeration takes."""


def fact_columns() -> Sequence[ColumnElement[Any]]:
    """What decisions need."""
    return _FACTS


def run_columns(*, with_result: bool) -> Select[Any]:
    """Whole runs, with the names that belong to them; their results' bytes only where asked.

    Further columns may follow.
    """
    result = flow_run_result.c
    data = result.data.label("result_data") if with_result else null().label("result_data")
    columns = (
        *_FACTS,
        *_CARRIED,
        data,
        result.uri.label("result_uri"),
        result.media_type.label("result_media_type"),
        result.size_bytes.label("result_size_bytes"),
    )
    joined = (
        flow_run.join(flow, flow.c.id == _r.flow_id)
        .outerjoin(work_pool, work_pool.c.id == _r.work_pool_id)
        .outerjoin(work_queue, work_queue.c.id == _r.work_queue_id)
        .outerjoin(deployment, deployment.c.id == _r.deployment_id)
        .outerjoin(flow_run_result, result.flow_run_id == _r.id)
    )
    return select(*columns).select_from(joined)


# Rows come by the thousand: their cells are taken apart by position, in the order of `_FACTS` and `_CARRIED` above.


def facts_of(row: Sequence[Any]) -> RunFacts:
    """The facts in the first cells of a row."""
    (
        id_,
        state_type,
        state_name,
        state_time,
        state_message,
        failure,
        version,
        token,
        report_sequence,
        attempt,
        retries_used,
        crash_restarts_used,
        lost_from,
        retry_policy,
        recovery_policy,
        scheduled_time,
        start_time,
        end_time,
        work_pool_id,
    ) = row[: len(_FACTS)]
    return RunFacts(
        id_,
        State(_STATE_TYPES[state_type], state_name, state_time, state_message, load_failure(failure)),
        version,
        token,
        report_sequence,
        attempt,
        retries_used,
        crash_restarts_used,
        _STATE_TYPES[lost_from] if lost_from is not None else None,
        load_retry(retry_policy),
        load_recovery(recovery_policy),
        scheduled_time,
        start_time,
        end_time,
        work_pool_id,
    )


def run_of(row: Sequence[Any]) -> FlowRun:
    """A whole run from a row of `run_columns`."""
    (
        name,
        flow_id,
        flow_name,
        deployment_id,
        deployment_version,
        work_queue_id,
        work_pool_name,
        work_queue_name,
        parameters,
        job_variables,
        tags,
        idempotency_key,
        parent_flow_run_id,
        parent_task_run_id,
        schedule_id,
        nominal_time,
        waits_for_schedule,
        traceparent,
        tracestate,
        create_time,
        update_time,
        flow_version,
        deployment_name,
        *holder,
    ) = row[len(_FACTS) : len(_FACTS) + len(_CARRIED)]
    return FlowRun(
        facts_of(row),
        name,
        flow_id,
        flow_name,
        deployment_id,
        deployment_version,
        work_queue_id,
        work_pool_name or "",
        work_queue_name or "",
        parameters,
        job_variables,
        tuple(json.loads(tags)) if tags != "[]" else (),
        idempotency_key or "",
        parent_flow_run_id,
        parent_task_run_id,
        schedule_id,
        nominal_time,
        waits_for_schedule,
        TraceContext(traceparent, tracestate) if traceparent else NO_TRACE,
        create_time,
        update_time,
        _result_of(*row[_RESULT]),
        flow_version or "",
        _holder_of(*holder),
        deployment_name or "",
    )


def _holder_of(id_: UUID | None, name: str, lease_ttl_ms: int) -> ProcessHolder | None:
    return ProcessHolder(id_, name, timedelta(milliseconds=lease_ttl_ms)) if id_ is not None else None


def _result_of(data: bytes | None, uri: str, media_type: str | None, size_bytes: int) -> Result | None:
    return Result(data, uri, media_type, size_bytes) if media_type is not None else None


def holder_row(holder: ProcessHolder | None) -> dict[str, Any]:
    """The process that holds a run without a worker, as columns of the run."""
    if holder is None:
        return {"holder_id": None, "holder_name": None, "lease_ttl_ms": None}
    ttl_ms = holder.lease_ttl // timedelta(milliseconds=1)
    return {"holder_id": holder.id, "holder_name": holder.name, "lease_ttl_ms": ttl_ms}


def run_row(run: FlowRun) -> dict[str, Any]:
    """A new run as a row."""
    facts = run.facts
    return {
        "id": facts.id,
        "name": run.name,
        "flow_id": run.flow_id,
        "deployment_id": run.deployment_id,
        "deployment_version": run.deployment_version,
        "work_pool_id": facts.work_pool_id,
        "work_queue_id": run.work_queue_id,
        "state_type": facts.state.type,
        "state_name": facts.state.name,
        "state_message": facts.state.message,
        "state_time": facts.state.time,
        "failure": dump_failure(facts.state.failure),
        "version": facts.version,
        "token": facts.token,
        "report_sequence": facts.report_sequence,
        "lost_from": facts.lost_from,
        "attempt": facts.attempt,
        "retries_used": facts.retries_used,
        "crash_restarts_used": facts.crash_restarts_used,
        "retry_policy": dump_retry(facts.retry_policy),
        "recovery_policy": dump_recovery(facts.recovery_policy),
        "parameters": run.parameters,
        "job_variables": run.job_variables,
        "tags": json.dumps(run.tags) if run.tags else "[]",
        "idempotency_scope": (run.deployment_id or run.flow_id) if run.idempotency_key else None,
        "idempotency_key": run.idempotency_key or None,
        "parent_flow_run_id": run.parent_flow_run_id,
        "parent_task_run_id": run.parent_task_run_id,
        "schedule_id": run.schedule_id,
        "nominal_time": run.nominal_time,
        "waits_for_schedule": run.waits_for_schedule,
        "traceparent": run.trace.traceparent,
        "tracestate": run.trace.tracestate,
        "create_time": run.create_time,
        "scheduled_time": facts.scheduled_time,
        "start_time": facts.start_time,
        "end_time": facts.end_time,
        "update_time": run.update_time,
        "flow_version": run.flow_version or None,
        **holder_row(run.holder),
    }
