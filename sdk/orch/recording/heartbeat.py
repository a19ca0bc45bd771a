"""Keeps the leases of this process's runs, and hears what the control plane wants of them.

Heartbeats go their own way, never behind records. An exclusive run whose lease could not be renewed in time is told so
before the lease can have expired.
"""

import asyncio
import logging
from collections.abc import Callable, Mapping

from google.protobuf.duration_pb2 import Duration

from orch.recording.contact import Contact
from orch.recording.records import Verdict
from orch.recording.tracking import RunKey, TrackedRun, Tracking
from orch_client.errors import OrchClientError
from orch_client.leases import LeaseKeeper, LeaseKey
from orch_proto.v1.lease_pb2 import LeasePhase, LeaseVerdict
from orch_proto.v1.lease_service_pb2 import HeldLease, SyncedLease, SyncLeasesRequest, SyncLeasesResponse

logger = logging.getLogger(__name__)

MOST_LEASES = 10_000
"""Of one heartbeat."""
_MOST_WATCHED = 16
"""Runs whose cancel is waited for beside the heartbeats."""
_SHORTEST_WAIT_SECONDS = 0.001
"""Timers fire a little early: waiting for less might not bring the moment nearer."""

_VERDICTS: Mapping[int, Verdict] = {
    LeaseVerdict.LEASE_VERDICT_CANCEL: Verdict.CANCEL,
    LeaseVerdict.LEASE_VERDICT_PAUSE: Verdict.PAUSE,
    LeaseVerdict.LEASE_VERDICT_LOST: Verdict.LOST,
    LeaseVerdict.LEASE_VERDICT_FINISHED: Verdict.FINISHED,
}


class Heartbeat:
    """The leases of one process. For the courier's loop alone."""

    def __init__(self, contact: Contact, tracking: Tracking, *, clock: Callable[[], float]) -> None:
        """`clock`: seconds, monotonic, going on while the machine sleeps (`orch_client.leases.holder_clock`)."""
        self._contact = contact
        self._tracking = tracking
        self._clock = clock
        self._keeper: LeaseKeeper | None = None
        self._changed = asyncio.Event()
        self._warned: set[RunKey] = set()
        self._watches: dict[RunKey, asyncio.Task[None]] = {}
        self._watch_soon: asyncio.TimerHandle | None = None

    def hold(
        self,
        run: TrackedRun,
        *,
        sent_at: float,
        ttl_seconds: float,
        next_sync_seconds: float,
        hint_after_seconds: float,
    ) -> None:
        """Keep a lease from now on. `sent_at`: when the call was sent that brought it. `hint_after_seconds`: when to
        begin to wait for cancels beside the heartbeats.
        """
        next_sync_at = sent_at + next_sync_seconds
        if self._keeper is None or not self._keeper.held:
            self._keeper = LeaseKeeper(next_sync_at=next_sync_at)
        elif next_sync_at < self._keeper.next_sync_at:
            self._keeper.synced(sent_at=sent_at, next_sync_seconds=next_sync_seconds, ttls=())
        self._keeper.hold(LeaseKey(*run.key), sent_at=sent_at, ttl_seconds=ttl_seconds)
        self._changed.set()
        if self._watch_soon is None and run.record.parent is None:
            self._watch_soon = asyncio.get_running_loop().call_later(hint_after_seconds, self._watch)

    def drop(self, key: RunKey) -> None:
        """A lease is over: reported, or lost."""
        if self._keeper is not None:
            self._keeper.drop(LeaseKey(*key))
        self._warned.discard(key)
        if (watch := self._watches.pop(key, None)) is not None:
            watch.cancel()

    async def run(self) -> None:
        """Keep the leases, until cancelled."""
        try:
            while True:
                await self._until_due()
                if self._keeper is None or not self._keeper.held:
                    continue
                self._stop_exclusive(self._keeper)
                if self._keeper.next_sync_at <= self._clock():
                    await self.sync()
        finally:
            for watch in self._watches.values():
                watch.cancel()
            if self._watch_soon is not None:
                self._watch_soon.cancel()

    async def sync(self) -> None:
        """One heartbeat."""
        keeper = self._keeper
        if keeper is None or not keeper.held:
            return
        keys = [RunKey(*key) for key in keeper.held]
        for start in range(0, len(keys), MOST_LEASES):
            sent_at = self._clock()
            try:
                answer = await self._send(keys[start : start + MOST_LEASES])
                longest_seconds = (await self._contact.transport()).longest_sync_seconds
            except OrchClientError as error:
                logger.debug("A heartbeat was not answered: %s", error)
                keeper.unanswered(now=self._clock())
                return
            except Exception:
                logger.exception("A heartbeat has failed; the next one comes soon.")
                keeper.unanswered(now=self._clock())
                return
            self._heard(keeper, answer, sent_at=sent_at, longest_seconds=longest_seconds)

    async def _send(self, keys: list[RunKey]) -> SyncLeasesResponse:
        held = [
            HeldLease(flow_run_id=key.flow_run_id, token=key.token, phase=LeasePhase.LEASE_PHASE_RUNNING)
            for key in keys
        ]
        return await self._contact.once(lambda transport: transport.sync_leases(SyncLeasesRequest(held=held)))

    def _heard(
        self, keeper: LeaseKeeper, answer: SyncLeasesResponse, *, sent_at: float, longest_seconds: float
    ) -> None:
        renewed = [
            (LeaseKey(lease.flow_run_id, lease.token), seconds(lease.ttl))
            for lease in answer.leases
            if lease.HasField("ttl")
        ]
        next_sync = min(seconds(answer.next_sync) or 5.0, longest_seconds)
        keeper.synced(sent_at=sent_at, next_sync_seconds=next_sync, ttls=renewed)
        self._warned.difference_update(RunKey(*key) for key, _ in renewed)
        for lease in answer.leases:
            self._tell(lease)

    def _tell(self, lease: SyncedLease) -> None:
        verdict = _VERDICTS.get(lease.verdict)
        key = RunKey(lease.flow_run_id, lease.token)
        run = self._tracking.by_key(key)
        if verdict is None or run is None:
            return
        if verdict in {Verdict.LOST, Verdict.FINISHED}:
            self.drop(key)
        run.tell(verdict, lease.message)
        if verdict is Verdict.LOST:
            self._tracking.lose(run, lease.message)

    def _stop_exclusive(self, keeper: LeaseKeeper) -> None:
        for key in keeper.must_stop(self._clock()):
            run = self._tracking.by_key(RunKey(*key))
            if run is None or not run.record.exclusive or run.key in self._warned:
                continue
            self._warned.add(run.key)
            run.tell(
                Verdict.LOST,
                "The run is exclusive, and its lease could not be renewed in time: the control plane may give it to"
                " somebody else from now on.",
            )

    async def _until_due(self) -> None:
        """Wait until a heartbeat is due, a lease runs out, or another one comes."""
        self._changed.clear()
        keeper = self._keeper
        if keeper is None or not keeper.held:
            await self._changed.wait()
            return
        now = self._clock()
        try:
            await asyncio.wait_for(self._changed.wait(), max(keeper.next_event_at(now) - now, _SHORTEST_WAIT_SECONDS))
        except TimeoutError:
            return

    def _watch(self) -> None:
        """Wait for cancels of runs without a caller in this process, so that they need not wait for a heartbeat."""
        self._watch_soon = None
        for run in self._tracking.held():
            if len(self._watches) >= _MOST_WATCHED:
                return
            if run.record.parent is None and not run.ending and run.key not in self._watches:
                self._watches[run.key] = asyncio.create_task(self._watch_one(run.key))

    async def _watch_one(self, key: RunKey) -> None:
        try:
            await (await self._contact.transport()).hint(key.flow_run_id)
        except OrchClientError as error:
            logger.debug("Hints for %s have ended: %s", key.flow_run_id, error)
            return
        await self.sync()


def seconds(span: Duration) -> float:
    """A span of the wire in seconds."""
    return span.seconds + span.nanos / 1e9
