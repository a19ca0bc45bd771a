"""What a caller may be told, given what the database was like before it asked and after it was answered."""

from orch_server.application.creation import CreatedFlowRun
from orch_server.application.grants import GrantedLease
from orch_server.application.holders import Reported, SyncedLease
from orch_server.application.leases import HeartbeatAnswer
from orch_server.application.log_appends import LogAppended
from orch_server.domain.leases import LeaseVerdict
from orch_server.domain.runs import ReportVerdict
from orch_server.domain.states import StateType
from tests.simulation.world.calls import Call
from tests.simulation.world.snapshot import Snapshot
from tests.simulation.world.world import Violation, World
from tests.support.plane import Held

_SLOWEST_PACE = 0.56
"""A holder is to speak again within this share of its TTL: half of it at full load, and a tenth for chance."""


def check(world: World, call: Call, outcome: object, *, before: Snapshot, after: Snapshot) -> None:
    """Raises Violation where the answer cannot be. Refusals are looked at, too."""
    name = world.history.name
    for held in call.held:
        run = before.runs.get(held.run_id)
        old = run is not None and run.token > held.token
        if old and not _is_refusal(outcome, held) and not _is_recalled(call, outcome, before):
            raise Violation(2, f"{call.kind} of {name(held.run_id)} with the old token {held.token} was not refused")
    if isinstance(outcome, HeartbeatAnswer):
        _heartbeat(world, outcome, before=before, after=after)
    if call.kind == "report" and isinstance(outcome, list):
        _report(world, call, outcome, before=before, after=after)


def _is_refusal(outcome: object, held: Held) -> bool:
    if isinstance(outcome, HeartbeatAnswer):
        verdicts = {(each.flow_run_id, each.token): each.verdict for each in outcome.synced.leases}
        return verdicts.get((held.run_id, held.token)) == LeaseVerdict.LOST
    if isinstance(outcome, list):
        return all(isinstance(each, Reported) and each.verdict == ReportVerdict.LOST for each in outcome)
    if isinstance(outcome, LogAppended):
        return outcome.verdict == ReportVerdict.LOST
    return isinstance(outcome, Exception) or outcome == ReportVerdict.LOST


def _is_recalled(call: Call, outcome: object, before: Snapshot) -> bool:
    """Whether it is the stored answer to an earlier delivery of the same request, which has written nothing."""
    if isinstance(outcome, CreatedFlowRun):
        return outcome.run.id in before.runs
    if isinstance(outcome, GrantedLease) and call.kind != "adopt":
        known = before.runs.get(outcome.run.id)
        return known is not None and outcome.lease.token <= known.token
    return False


def _heartbeat(world: World, answer: HeartbeatAnswer, *, before: Snapshot, after: Snapshot) -> None:
    if answer.next_sync > answer.synced.shortest_ttl * _SLOWEST_PACE:
        raise Violation(10, f"the next heartbeat is asked for in {answer.next_sync}, of {answer.synced.shortest_ttl}")
    for synced in answer.synced.leases:
        held = Held(synced.flow_run_id, synced.token)
        was, is_ = before.runs.get(held.run_id), after.runs.get(held.run_id)
        if was is None or is_ is None or was.token != held.token or was.version != is_.version:
            continue
        name = world.history.name(held.run_id)
        if was.state == StateType.CANCELLING and synced.verdict != LeaseVerdict.CANCEL:
            raise Violation(11, f"{name} is being cancelled, and its holder was told {synced.verdict.name}")
        if was.lost_from is not None and _is_over(synced):
            raise Violation(7, f"nobody else got {name}, and its holder, who came back, was told {synced.verdict.name}")


def _is_over(synced: SyncedLease) -> bool:
    return synced.verdict in {LeaseVerdict.LOST, LeaseVerdict.FINISHED}


def _report(world: World, call: Call, outcome: list[object], *, before: Snapshot, after: Snapshot) -> None:
    [held] = call.held
    was, is_ = before.runs.get(held.run_id), after.runs.get(held.run_id)
    if was is None or is_ is None or was.token != held.token or is_.token != held.token:
        return
    [reported] = outcome
    if not isinstance(reported, Reported):
        return
    name = world.history.name(held.run_id)
    if was.sequence >= call.sequence and reported.verdict not in {ReportVerdict.DUPLICATE, ReportVerdict.LOST}:
        raise Violation(5, f"a repeated report of {name} was answered {reported.verdict.name}")
    if was.lost_from is not None and was.version == is_.version and was.sequence < call.sequence:
        raise Violation(7, f"nobody else got {name}, and the report of its holder was answered {reported.verdict.name}")
