"""What a flow returned, on its way to where results are kept."""

from typing import TYPE_CHECKING, Any

from orch.engine.caching_step import Kept
from orch.results import save_small
from orch.states import State

if TYPE_CHECKING:
    import logging

    from orch.flows import Flow
    from orch.recording.records import FlowRunRecord
    from orch.results.stored import StoredResult


def saved_result(
    flow: "Flow[..., Any]", record: "FlowRunRecord", state: State[Any], logger: "logging.LoggerAdapter[Any]"
) -> "StoredResult | None":
    """Where the result is kept; None where it cannot be, which is told."""
    from orch import results
    from orch.errors import OrchError

    try:
        value = state.data.load() if isinstance(state.data, Kept) else state.data
        return results.save(value, key=record.id, storage=flow.result_storage, serializer=flow.result_serializer)
    except OrchError as error:
        logger.warning("The result of flow %s is not kept: %s", flow.name, error)
        return None


def saved_if_small(
    flow: "Flow[..., Any]", state: State[Any], logger: "logging.LoggerAdapter[Any]"
) -> "StoredResult | None":
    """The same of a result that nobody has asked to keep, if it can be told in few words."""
    try:
        return save_small(state.data)
    except Exception:
        # What is written runs code of its own, which may raise anything.
        logger.debug("The result of flow %s is not kept.", flow.name, exc_info=True)
        return None
