"""Logs over the store, and a run that may write to them."""

from uuid import UUID

import pytest

from orch_server.application.logs import Logs
from orch_server.clock import TimeOrderedIds
from orch_server.storage.store import SqlStore
from orch_server.storage.wakeups import LocalWakeups
from tests.support.clock import FakeClock
from tests.support.stored_runs import store_run


@pytest.fixture
def logs(store: SqlStore, wakeups: LocalWakeups) -> Logs:
    return Logs(store, wakeups)


@pytest.fixture
async def run_id(store: SqlStore, ids: TimeOrderedIds, clock: FakeClock) -> UUID:
    return await store_run(store, ids, clock.now(), token=7)
