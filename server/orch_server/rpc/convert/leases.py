"""Leases, heartbeats, reports, workers."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from orch_proto.v1 import lease_pb2, lease_service_pb2, state_pb2, worker_pb2
from orch_server.application.errors import InvalidArgument
from orch_server.application.grants import GrantedLease
from orch_server.application.holders import HeldLease, Reported, SyncedLease
from orch_server.application.lease_rows import LeaseView, Session
from orch_server.domain.leases import LeasePhase
from orch_server.domain.runs import REPORTABLE, RunReport
from orch_server.domain.states import StateType
from orch_server.rpc.convert.ages import to_age
from orch_server.rpc.convert.basics import (
    each_of,
    id_text,
    parse_enum,
    parse_id,
    to_duration,
    to_timestamp,
    write_duration,
)
from orch_server.rpc.convert.flow_run_messages import write_flow_run
from orch_server.rpc.convert.launch import write_launch_spec
from orch_server.rpc.convert.states import cut, to_failure, to_result, to_state_name, to_state_type

_MOST_REPORTS = 1000
_MOST_HELD = 10_000
_NO_AGE = timedelta(0)


def lease_message(granted: GrantedLease) -> lease_pb2.Lease:
    """A granted lease on the wire."""
    message = lease_pb2.Lease()
    write_lease(message, granted)
    return message


def write_lease(message: lease_pb2.Lease, granted: GrantedLease) -> None:
    """Fill an empty message, or one of an answer's, with a granted lease."""
    lease = granted.lease
    message.flow_run_id = str(lease.flow_run_id)
    message.token = lease.token
    write_duration(message.ttl, lease.ttl)
    write_flow_run(message.flow_run, granted.run)
    if lease.work_pool_id is not None:
        write_launch_spec(message.launch_spec, granted.launch_spec)


def lease_info_message(view: LeaseView) -> lease_pb2.LeaseInfo:
    """A lease as an onlooker sees it."""
    return lease_pb2.LeaseInfo(
        flow_run_id=str(view.lease.flow_run_id),
        token=view.lease.token,
        session_id=id_text(view.lease.session_id),
        worker_name=view.worker_name,
        work_pool_name=view.work_pool_name,
        adopted=view.lease.adopter_id is not None,
        phase=lease_pb2.LeasePhase.ValueType(view.lease.phase),
        grant_time=to_timestamp(view.lease.grant_time),
        remaining=to_duration(view.remaining),
        holder_name=view.holder_name,
    )


def to_held(
    messages: Sequence[lease_service_pb2.HeldLease], field: str, most: int = _MOST_HELD
) -> tuple[HeldLease, ...]:
    """The leases that a holder names."""
    if len(messages) > most:
        raise InvalidArgument.of(field, f"{len(messages)} leases are more than the limit of {most}.")
    held = tuple(
        HeldLease(
            parse_id(each.flow_run_id, f"{field}[{place}].flow_run_id"),
            each.token,
            parse_enum(each.phase, LeasePhase, f"{field}[{place}].phase") or LeasePhase.STARTING,
        )
        for place, each in enumerate(messages)
    )
    if len({each.flow_run_id for each in held}) != len(held):
        raise InvalidArgument.of(field, "names a run twice.")
    return held


def synced_message(synced: SyncedLease) -> lease_service_pb2.SyncedLease:
    """A verdict on a held lease on the wire."""
    return lease_service_pb2.SyncedLease(
        flow_run_id=str(synced.flow_run_id),
        token=synced.token,
        verdict=lease_pb2.LeaseVerdict.ValueType(synced.verdict),
        ttl=to_duration(synced.ttl),
        message=synced.message,
    )


def to_reports(messages: Sequence[lease_service_pb2.RunReport]) -> Sequence[RunReport]:
    """Reports from the wire."""
    if len(messages) > _MOST_REPORTS:
        raise InvalidArgument.of("reports", f"{len(messages)} reports are more than the limit of {_MOST_REPORTS}.")
    return each_of(messages, "reports", _to_report)


def _to_report(message: lease_service_pb2.RunReport) -> RunReport:
    state = message.state
    type_ = to_state_type(state.type, "state.type")
    if type_ not in REPORTABLE:
        known = ", ".join(each.name for each in StateType if each in REPORTABLE)
        raise InvalidArgument.of("state.type", f"{type_.name} is not for holders to report. They report {known}.")
    if message.sequence < 1:
        raise InvalidArgument.of("sequence", "must be 1 or more, and rise with every report of the run.")
    return RunReport(
        flow_run_id=parse_id(message.flow_run_id, "flow_run_id"),
        token=message.token,
        sequence=message.sequence,
        type=type_,
        name=to_state_name(state),
        message=cut(state.message),
        failure=to_failure(state.failure) if state.HasField("failure") else None,
        result=to_result(message.result, "result") if message.HasField("result") else None,
        age=to_age(message.age, "age") if message.HasField("age") else _NO_AGE,
    )


def write_reported(message: lease_service_pb2.ReportedRun, reported: Reported) -> None:
    """Fill an answer's empty message with what became of a report."""
    message.flow_run_id = str(reported.flow_run_id)
    message.sequence = reported.sequence
    message.verdict = lease_pb2.ReportVerdict.ValueType(reported.verdict)
    message.message = reported.message
    message.state_type = state_pb2.StateType.ValueType(reported.state or 0)


def worker_message(session: Session, *, now: datetime) -> worker_pb2.Worker:
    """A worker on the wire."""
    return worker_pb2.Worker(
        session_id=str(session.id),
        name=session.worker_name,
        work_pool_name=session.work_pool_name,
        work_queue_names=session.work_queue_names,
        slots=session.slots,
        labels=dict(session.labels),
        capabilities=session.capabilities,
        version=session.worker_version,
        status=_status(session, now),
        held_leases=session.held_leases,
        create_time=to_timestamp(session.create_time),
        last_seen_time=to_timestamp(session.last_seen_time),
    )


def _status(session: Session, now: datetime) -> worker_pb2.WorkerStatus.ValueType:
    if session.closed:
        return worker_pb2.WORKER_STATUS_CLOSED
    if now - session.last_seen_time > session.lease_ttl + timedelta(seconds=2):
        return worker_pb2.WORKER_STATUS_OFFLINE
    return worker_pb2.WORKER_STATUS_DRAINING if session.draining else worker_pb2.WORKER_STATUS_ONLINE
