"""What a heartbeat names."""

import time

from orch_client.leases import LeaseKey
from orch_worker.attempt_facts import AttemptFacts
from orch_worker.heartbeat import Heartbeat
from orch_worker.held_runs import HeldRun, HeldRuns, Order
from orch_worker.lifecycle import Lifecycle
from orch_worker.meters import NoTelemetry
from orch_worker.patience import Contact
from orch_worker.sessions import Sessions, WorkerIdentity
from tests.unit.worker.stage import Audience


async def test_of_a_run_that_was_granted_again_only_the_newest_attempt_is_named(audience: Audience) -> None:
    """A worker that was cut off may be granted its own run again before any heartbeat has told it that it lost it."""
    await audience.make_pool()
    client, contact, runs, told = audience.client, Contact(), HeldRuns(4), list[str]()
    sessions = Sessions(client, contact, WorkerIdentity("w", audience.pool, (), 4, {}, "test"), time.monotonic)
    await sessions.open()
    heartbeat = Heartbeat(
        client, contact, sessions, runs, Lifecycle(), clock=time.monotonic, telemetry=NoTelemetry(), tell=told.append
    )
    run_id = await audience.run()
    older, newer = (HeldRun(LeaseKey(run_id, token), AttemptFacts()) for token in (1, 2))
    for run in (newer, older):
        runs.add(run)

    assert await heartbeat.sync()

    assert (older.order, older.named, older.why) == (Order.LOST, False, "The run was granted to this worker again.")
    assert newer.why != older.why
    assert told[0] == run_id
