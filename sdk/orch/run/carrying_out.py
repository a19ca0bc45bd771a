"""Drives the engine through a deployed run, whatever kind of function the flow is."""

from typing import TYPE_CHECKING, Any

from orch.engine.drivers import run_async, run_sync
from orch.engine.flow_engine import FlowEngine
from orch.engine.streams import iterate, iterate_async
from orch.errors import LostInterrupt
from orch.states import State

if TYPE_CHECKING:
    from orch.flows import Flow
    from orch.recording.recorder import Recorder
    from orch.recording.records import FlowRunRecord


def carry_out(
    flow: "Flow[..., Any]", parameters: dict[str, Any], recorder: "Recorder", record: "FlowRunRecord"
) -> None:
    """Run a flow to its end, which is with the recorder then. What has stopped it goes no further, save two.

    Raises LostInterrupt where the run is somebody else's, and what kept the engine from recording an end.
    """
    engine = FlowEngine(flow, parameters, recorder, record=record)
    try:
        if flow.isasync:
            import asyncio

            asyncio.run(_read_async(engine) if flow.isgenerator else run_async(engine.steps()))
        elif flow.isgenerator:
            for _ in iterate(engine.steps(), _as_it_is):
                pass
        else:
            run_sync(engine.steps())
    except LostInterrupt:
        raise
    except BaseException:
        # A signal, a cancel, the flow's own sys.exit(): the end of the run, not of the one who reports it.
        if record.state is None or not record.state.is_final():
            raise


async def _read_async(engine: FlowEngine) -> None:
    async for _ in iterate_async(engine.steps(), _as_it_is):
        pass


def _as_it_is(state: State[Any]) -> State[Any]:
    return state
