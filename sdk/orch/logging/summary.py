"""The lines with which a flow run begins and ends, with a summary of one that failed.

Task runs say nothing at INFO unless they fail or are tried again: ten thousand of them must not flood a log.
"""

import logging
from typing import TYPE_CHECKING, Any

from orch.logging.messages import mark_told, was_told
from orch.settings import Settings, current_settings
from orch.states import State, StateType, is_state_collection

if TYPE_CHECKING:
    from orch.recording.records import FlowRunRecord

_SHOWN_STATES = 10
_LEVELS = {
    StateType.COMPLETED: logging.INFO,
    StateType.PAUSED: logging.INFO,
    StateType.CANCELLED: logging.WARNING,
    StateType.FAILED: logging.ERROR,
    StateType.CRASHED: logging.ERROR,
}


def flow_run_began(logger: logging.LoggerAdapter[Any], record: "FlowRunRecord", *, is_subflow: bool) -> None:
    """Say that a flow run begins, or goes on after a crash or a pause."""
    what = "Subflow" if is_subflow else "Flow"
    is_new = record.resume_from is None and not (record.adopted_token and record.attempt)
    doing = "begins" if is_new else "goes on where it was" if record.durable else "begins anew"
    logger.info("%s '%s' %s.", what, record.flow_name, doing)


def flow_run_ended(
    logger: logging.LoggerAdapter[Any], record: "FlowRunRecord", state: State[Any], *, seconds: float, is_subflow: bool
) -> None:
    """Say how a flow run ended and how long it took. One that failed tells the traceback, unless it was told already.

    The outermost run that failed adds its id and where it is recorded.
    """
    level = _LEVELS.get(state.type, logging.INFO)
    if not logger.isEnabledFor(level):
        return
    message = f"{state.name} in {duration(seconds)}{f': {state.message}' if _tells(state) else '.'}"
    error = state.data if isinstance(state.data, BaseException) else None
    parts = [message]
    if level == logging.ERROR:
        parts += _state_lines(state.data)
        parts += _traceback_lines(error)
        if not is_subflow:
            parts.append(_where(record, current_settings()))
    logger.log(level, "%s", "\n".join(parts))


def _tells(state: State[Any]) -> bool:
    return bool(state.message) and state.type is not StateType.COMPLETED


def duration(seconds: float) -> str:
    """A span for people: `0.34 s`, `12 s`, `3 min 5 s`, `2 h 10 min`."""
    if seconds < 10:
        return f"{seconds:.2f} s"
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    minutes, rest = divmod(whole, 60)
    if minutes < 60:
        return f"{minutes} min {rest} s"
    return f"{minutes // 60} h {minutes % 60} min"


def _state_lines(returned: object) -> list[str]:
    """The states that failed, where the flow returned those of its task runs."""
    states = returned if is_state_collection(returned) else [returned] if isinstance(returned, State) else []
    failed = [each for each in states if each.type in _LEVELS and _LEVELS[each.type] > logging.INFO]
    lines = [f"  {each.name}: {each.message or 'no message'}" for each in failed[:_SHOWN_STATES]]
    return lines + ([f"  … and {len(failed) - _SHOWN_STATES} more"] if len(failed) > _SHOWN_STATES else [])


def _traceback_lines(error: BaseException | None) -> list[str]:
    if error is None or was_told(error):
        return []
    from orch.tracebacks import user_frames

    mark_told(error)
    frames = user_frames(error)
    return [frames] if frames else []


def _where(record: "FlowRunRecord", settings: Settings) -> str:
    if settings.recording == "off":
        return f"Flow run {record.id}, not recorded."
    return f"Flow run {record.id}, recorded {f'at {settings.api_url}' if settings.api_url else f'in {settings.home}'}."
