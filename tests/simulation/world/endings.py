"""What must hold at the end, when every fault is healed and time has passed: what was begun has an end."""

from orch_server.domain.states import TERMINAL, StateType
from orch_server.storage.types import to_micros
from tests.simulation.world.checking import Checker
from tests.simulation.world.clients import EVERY, Catalog
from tests.simulation.world.setup import Feature
from tests.simulation.world.world import Violation, World
from tests.support.clock import START


def check(world: World, checker: Checker, catalog: Catalog, *, scheduled_until: int) -> None:
    """Raises Violation where something created has not come to its end, something is held, or a time has not fired."""
    now, name = checker.now, world.history.name
    for run in now.runs.values():
        if run.state not in TERMINAL:
            invariant = 12 if _limited(world) and run.state == StateType.SCHEDULED and run.pool is not None else 4
            text = f"{name(run.id)} is {StateType(run.state).name} when all is healed and time has passed"
            raise Violation(invariant, text)
    for run_id in now.leases:
        raise Violation(4, f"{name(run_id)} is held when all is over")
    for run_id in world.known.created:
        if run_id not in now.runs:
            raise Violation(4, f"{name(run_id)} was acknowledged, and is not there")
    if catalog.schedule is not None:
        _schedule(checker, catalog, until=scheduled_until)


def _limited(world: World) -> bool:
    return any(world.has(each) for each in (Feature.POOL_LIMIT, Feature.QUEUE_LIMIT, Feature.DEPLOYMENT_LIMIT))


def _schedule(checker: Checker, catalog: Catalog, *, until: int) -> None:
    """Each nominal time of the schedule has fired, but for those since the last look."""
    fired = {run.nominal for run in checker.now.runs.values() if run.nominal is not None}
    first, step = catalog.first_time, EVERY.total_seconds() * 1_000_000
    if first is None:
        return
    start = to_micros(first)
    expected = {start + round(step) * n for n in range(max(0, int((until - start) // step) + 1))}
    if missing := sorted(expected - fired):
        seconds = (missing[0] - to_micros(START)) / 1e6
        raise Violation(14, f"{len(missing)} nominal times have not fired, the first at {seconds:.0f} s")
    if len([run for run in checker.now.runs.values() if run.nominal is not None]) != len(fired):
        raise Violation(14, "a nominal time has fired twice")
