"""How a durable flow goes on where an earlier attempt stopped: which run it takes up, and what is known of it.

A durable flow that is called again, with the same parameters, takes up its newest run that nobody holds any more: one
that crashed, that waits to be started again, or whose process is dead. A run that is still alive is left alone, and the
call makes a new one. ORCH_RESUME=off always makes a new one.
"""

import logging
import os
import threading
from functools import partial
from typing import TYPE_CHECKING, Any

from orch.context import FlowRunContext
from orch.engine.caching_step import Kept
from orch.engine.checkpoints import Checkpoint, Checkpoints
from orch.engine.resume_marks import parts
from orch.engine.steps import Block, Steps
from orch.recording.records import FlowRunRecord, ResumeFrom, TaskRunRecord
from orch.states import Completed, State, StateType

if TYPE_CHECKING:
    from orch.recording.reading import FoundRun

_WITHOUT_HOLDER = frozenset({StateType.SCHEDULED, StateType.CRASHED})
_HELD = frozenset({StateType.PENDING, StateType.RUNNING, StateType.PAUSED})


def answered_by_parent(parent: FlowRunContext | None, tracking: TaskRunRecord | None, name: str) -> State[Any] | None:
    """A durable flow's subflow that has completed before answers as it did; else `tracking` learns what is known."""
    if parent is None or tracking is None or parent.checkpoints is None:
        return None
    known = parent.checkpoints.take(tracking.dynamic_key, called=name)
    if known is None:
        return None
    tracking.id, tracking.name = known.task_run_id, known.name
    tracking.attempt, tracking.version = known.attempt, known.version
    tracking.child_flow_run_id = known.child_flow_run_id
    if known.result is None:
        return None
    state = Completed(name="Cached", message="Answered from its checkpoint.", data=Kept(known.result))
    state.run_id = known.child_flow_run_id or known.task_run_id
    return state


def keep_for_parent(parent: FlowRunContext, tracking: TaskRunRecord) -> None:
    """Remember a subflow that has completed, for the parent's own retries."""
    if parent.checkpoints is not None:
        parent.checkpoints.keep(
            Checkpoint(
                tracking.id,
                tracking.name,
                tracking.task_key,
                tracking.dynamic_key,
                tracking.attempt,
                tracking.version,
                tracking.result,
                tracking.child_flow_run_id,
            )
        )


def went_on(record: FlowRunRecord, *, version: str) -> Steps:
    """The checkpoints of a run that a worker was granted, whichever attempt this is. `version`: of the code now."""
    from orch.recording import reading
    from orch.settings import current_settings

    before, record.flow_version = record.flow_version, version
    resumes = current_settings().resume
    known = (yield Block(partial(reading.task_runs, record.id))) if resumes else []
    if version != before:
        yield Block(partial(reading.tell_version, record))
    return Checkpoints(known, code_changed=bool(before) and version != before)


def resumed(record: FlowRunRecord, tracking: TaskRunRecord | None, logger: logging.LoggerAdapter[Any]) -> Steps:
    """Find the run to take up, if there is one, and write it into the record. Returns the checkpoints."""
    from orch.recording import reading

    found = yield Block(partial(_candidate, record, tracking, logger))
    if found is None:
        return Checkpoints()
    changed = parts(found.flow_version)[0] != parts(record.flow_version)[0]
    record.id, record.name, record.attempt = found.id, found.name, found.attempt
    record.resume_from = ResumeFrom(found.token, take_over=found.state_type in _HELD or record.parent is not None)
    known = yield Block(partial(reading.task_runs, found.id))
    done = sum(each.result is not None for each in known)
    logger.debug("%s of the run's tasks are done already.", done)
    return Checkpoints(known, code_changed=changed)


def _candidate(
    record: FlowRunRecord, tracking: TaskRunRecord | None, logger: logging.LoggerAdapter[Any]
) -> "FoundRun | None":
    from orch.recording import reading
    from orch.recording.recorder import current_recorder
    from orch.settings import current_settings

    if not current_settings().resume:
        return None
    if record.parent is not None:
        # A child goes on only with its parent, which knows which run it was.
        child = tracking.child_flow_run_id if tracking is not None else ""
        found = reading.flow_run(child) if child else None
        return found if found is not None and found.state_type is not StateType.COMPLETED else None
    mark = parts(record.flow_version)[1]
    if not mark:
        logger.warning(
            "The parameters of flow %r hold secrets, or values that cannot be compared: after a crash its next call "
            "will not know this run again, and will begin a new one.",
            record.flow_name,
        )
        return None
    # A run of this process that has ended must be seen to have ended.
    current_recorder().flush(current_settings().start_timeout_seconds)
    # Read under the lock: what another thread took up before is seen as taken, or as alive.
    with _taking:
        for run in reading.unfinished_runs(record.flow_name):
            if run.parent_flow_run_id or run.work_pool_name or parts(run.flow_version)[1] != mark:
                continue
            if run.id not in _taken and _is_free(run):
                _taken.add(run.id)
                return run
    return None


def _is_free(run: "FoundRun") -> bool:
    from orch.recording import reading

    return run.state_type in _WITHOUT_HOLDER or (run.state_type in _HELD and reading.holder_is_dead(run))


_taken: set[str] = set()
"""The runs that this process has taken up, and that have not ended."""
_taking = threading.Lock()


def let_go(flow_run_id: str) -> None:
    """A run that may have been taken up here has ended, or is somebody else's."""
    _taken.discard(flow_run_id)


def _renew() -> None:
    """A forked child has taken up nothing, and its parent's other threads are not there to end what they began."""
    global _taking
    _taking = threading.Lock()
    _taken.clear()


if hasattr(os, "register_at_fork"):  # not on Windows
    os.register_at_fork(after_in_child=_renew)
