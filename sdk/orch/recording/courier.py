"""The courier: takes news out of the inbox, makes requests of it, and delivers them, behind the user's code.

Three tasks in one event loop: the pump (inbox to outbox), the sender (outbox to control plane) and the heartbeat. The
pump lingers a moment before it takes news, and while requests are under way, so that one request tells much; not where
somebody waits.
"""

import asyncio
import logging
from collections import deque
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from orch.errors import RecordingError
from orch.recording import leftovers
from orch.recording.batches import Batcher, Holder
from orch.recording.contact import Contact
from orch.recording.delivery import Delivery
from orch.recording.heartbeat import Heartbeat
from orch.recording.inbox import Awaited, Inbox, Waiting
from orch.recording.outbox import MOST_ITEMS, MOST_MEMORY_BYTES, Outbox
from orch.recording.spill import Spill
from orch.recording.tracking import Standing, TrackedRun, Tracking, answer_waiting, settle
from orch.recording.transport import Transport

logger = logging.getLogger(__name__)

T = TypeVar("T")

_MOST_AT_ONCE = 5000
"""News that is made into requests before the loop looks at anything else."""
_ALERT_NAPS = 10
_BUSY_SECONDS = 0.25
"""How long news waits for requests under way, at most."""
_ONE_TRY_SECONDS = 0.5
_LEFTOVER_SECONDS = 10.0
"""How long a process stays for what others left."""
_CHILDREN_SECONDS = 2.0
"""How often a process that has forked looks for what its children could not deliver: a listing of one folder."""


@dataclass(frozen=True, slots=True)
class Plan:
    """All that a courier is told."""

    open_transport: Callable[[], Awaitable[Transport]]
    target: str
    """The transport's, known before it is opened."""
    holder: Holder
    spill_folder: Path
    clock: Callable[[], float]
    """Seconds, monotonic, going on while the machine sleeps."""
    wall_ns: Callable[[], int]
    """Nanoseconds since 1970."""
    chance: Callable[[], float]
    """At random, from 0 up to 1."""
    offline: str = ""
    """Why the control plane cannot be called from here: all goes to disk at once, for another process to deliver."""
    loop_factory: Callable[[], asyncio.AbstractEventLoop] | None = None
    """Of the event loop that the courier runs in; None: asyncio's own."""
    linger_seconds: float = 0.02
    most_items: int = MOST_ITEMS
    most_bytes: int = MOST_MEMORY_BYTES


class Courier:
    """Delivers the news of one process. Made and run in its own event loop."""

    def __init__(self, inbox: Inbox, plan: Plan) -> None:
        self._inbox = inbox
        self._plan = plan
        self._awake = asyncio.Event()
        self._until_empty = False
        """The pump waits until all is delivered."""
        self._closing = asyncio.Event()
        self._tracking = Tracking()
        self._contact = Contact(plan.open_transport, clock=plan.clock, chance=plan.chance)
        self._heartbeat = Heartbeat(self._contact, self._tracking, clock=plan.clock)
        self._delivery = Delivery(
            self._contact, self._tracking, self._heartbeat, clock=plan.clock, wall_ns=plan.wall_ns
        )
        self._batcher = Batcher(self._tracking, plan.holder)
        self._spill = Spill(plan.spill_folder / plan.holder.id, target=plan.target)
        most_items = 0 if plan.offline else plan.most_items
        self._outbox = Outbox(self._spill, most_items=most_items, most_bytes=plan.most_bytes)
        self._waiting: deque[tuple[int, Waiting]] = deque()
        self._loose: list[TrackedRun] = []
        """Runs whose grant is waited for, though they could begin without."""
        self._contact.on_away = self._found_away
        self._shipping: asyncio.Task[int] | None = None
        self._minding: asyncio.Task[None] | None = None
        """Looks for what children leave, once there are any."""
        self.loop = asyncio.get_running_loop()
        """Where the courier runs."""
        inbox.wake = self._wake

    async def run(self) -> None:
        """Deliver until `close`. What is not delivered by then is on disk when this returns."""
        works = (self._pump,) if self._plan.offline else (self._pump, self._send, self._heartbeat.run)
        tasks = [asyncio.create_task(work()) for work in works]
        closing = asyncio.create_task(self._closing.wait())
        try:
            await asyncio.wait([*tasks, closing], return_when=asyncio.FIRST_COMPLETED)
            await self._ship_last()
        finally:
            for task in (*tasks, closing):
                task.cancel()
            ended = await asyncio.gather(*tasks, return_exceptions=True)
            self._finish()
            await self._contact.close()
        for fault in ended:
            if isinstance(fault, Exception):
                raise fault

    @property
    def fault(self) -> Exception | None:
        """Why the control plane does not answer; None while it does."""
        return self._contact.fault

    def close(self) -> None:
        """End `run`. From any thread."""
        self.loop.call_soon_threadsafe(self._closing.set)

    async def read(self, work: Callable[[Transport], Awaitable[T]]) -> T:
        """Read from the control plane, once all that ended processes have left is there."""
        self._ship()
        await self._contact.call(_touch)
        if self._shipping is not None:
            await asyncio.wait([self._shipping], timeout=_LEFTOVER_SECONDS)
        return await self._contact.call(work, patient=False)

    def _wake(self) -> None:
        try:
            self.loop.call_soon_threadsafe(self._awake.set)
        except RuntimeError:
            # The loop is closed: the process ends, and nobody is there to take the news.
            return

    async def _pump(self) -> None:
        while True:
            await self._until_news()
            if not self._inbox.urgent:
                await self._until_answered()
            self._take()
            if self._inbox.urgent:
                # There is more; the other tasks come first.
                await asyncio.sleep(0)

    async def _until_news(self) -> None:
        """Wait for news, and a moment longer for more of it.

        Where there was news lately there will be some soon: looking again now and then is cheaper than being woken.
        """
        inbox = self._inbox
        for _ in range(_ALERT_NAPS):
            await self._nap(self._plan.linger_seconds)
            if inbox.news:
                return
        while not inbox.news:
            self._awake.clear()
            inbox.sleeping = True
            if not inbox.news:
                await self._awake.wait()
            inbox.sleeping = False
        await self._nap(self._plan.linger_seconds)

    async def _until_answered(self) -> None:
        """Let more news come as long as requests are under way that are answered."""
        while not (self._outbox.is_empty or self._inbox.urgent or len(self._inbox.news) >= _MOST_AT_ONCE):
            self._until_empty = True
            await self._nap(_BUSY_SECONDS)
            self._until_empty = False
            if self._contact.away_since is not None:
                # As requests it can be counted, and kept on disk.
                return

    async def _nap(self, seconds: float) -> None:
        """Sleep until the time is over or somebody waits."""
        self._awake.clear()
        self._inbox.dozing = True
        if not self._inbox.urgent:
            alarm = self.loop.call_later(seconds, self._awake.set)
            await self._awake.wait()
            alarm.cancel()
        self._inbox.dozing = False

    def _take(self) -> None:
        self._inbox.urgent = False
        batch = self._batcher.batch(self._inbox.drain(_MOST_AT_ONCE))
        if self._inbox.news:
            self._inbox.urgent = True
        self._outbox.append(batch.waves)
        for waiting in batch.waiting:
            self._wait(waiting)

    async def _send(self) -> None:
        while True:
            wave = await self._outbox.next()
            await self._delivery.deliver(wave)
            self._outbox.done(wave)
            self._answer_stored()
            if self._outbox.is_empty:
                self._ship()
                if self._until_empty:
                    self._awake.set()

    # Who waits

    def _wait(self, waiting: Waiting) -> None:
        match waiting.awaited:
            case Awaited.FLUSHED if self._plan.offline:
                settle(waiting.future)
            case _ if self._plan.offline:
                settle(waiting.future, RecordingError(self._plan.offline))
            case Awaited.BEGUN:
                self._wait_for_grant(waiting)
            case Awaited.STORED:
                self._waiting.append((self._outbox.appended, waiting))
            case Awaited.FLUSHED:
                self._waiting.append((self._outbox.appended, waiting))
                self._secure()
                self._contact.nudge()
                until = self._plan.clock() + waiting.timeout_seconds
                self.loop.call_later(self._patience(waiting.timeout_seconds), self._give_up, waiting, until)
        self._answer_stored()

    def _wait_for_grant(self, waiting: Waiting) -> None:
        run = self._tracking.find(waiting.run) if waiting.run is not None else None
        if run is None:
            settle(waiting.future, RecordingError("The run is not recorded."))
        elif run.standing is Standing.BEGINNING:
            run.waiting.append(waiting.future)
            if not run.needs_grant:
                self._loose = [each for each in self._loose if each.waiting] + [run]
                self._let_begin()
            self.loop.call_later(waiting.timeout_seconds, self._give_up_grant, waiting)
        else:
            settle(waiting.future, run.refusal)

    def _found_away(self) -> None:
        self._let_begin()
        self._secure()

    def _secure(self) -> None:
        """Who waits for everything wants to end, and may be killed before the control plane is back."""
        is_away = self._contact.away_since is not None
        if is_away and any(waiting.awaited is Awaited.FLUSHED for _, waiting in self._waiting):
            self._outbox.secure()

    def _let_begin(self) -> None:
        """Runs that need no grant begin without it while the control plane is away."""
        if self._contact.away_since is not None:
            for run in self._loose:
                answer_waiting(run, None)
            self._loose.clear()

    def _give_up_grant(self, waiting: Waiting) -> None:
        seconds = waiting.timeout_seconds
        fault = self._contact.fault or "it has not answered."
        settle(
            waiting.future,
            RecordingError(f"The control plane has not granted the run within {seconds:g} s: {fault}"),
        )

    def _patience(self, timeout_seconds: float) -> float:
        """How long to wait for a control plane that is away: all waiting taken together, and one more try."""
        away_since = self._contact.away_since
        away = 0.0 if away_since is None else self._plan.clock() - away_since
        return max(timeout_seconds - away, min(timeout_seconds, _ONE_TRY_SECONDS))

    def _give_up(self, waiting: Waiting, until: float) -> None:
        left = until - self._plan.clock()
        if self._contact.away_since is None and left > 0 and not waiting.future.done():
            # It is back, and there is much to tell.
            self.loop.call_later(left, self._give_up, waiting, until)
        else:
            settle(waiting.future, answer=False)

    def _answer_stored(self) -> None:
        while self._waiting and self._waiting[0][0] <= self._outbox.delivered:
            _, waiting = self._waiting.popleft()
            run = self._tracking.find(waiting.run) if waiting.run is not None else None
            settle(waiting.future, run.refusal if run is not None else None)

    # What others left, and the end

    def mind_children(self) -> None:
        """This process has forked: what its children leave when they end is looked for. From any thread."""
        self.loop.call_soon_threadsafe(self._mind_children)

    def _mind_children(self) -> None:
        if self._minding is None and not self._plan.offline:
            self._minding = asyncio.create_task(self._ship_now_and_then())

    async def _ship_now_and_then(self) -> None:
        while True:
            await asyncio.sleep(_CHILDREN_SECONDS)
            # Until the control plane has answered, and while it is away, `_ship` is still to come, or nothing would go.
            if self._shipping is not None and self._shipping.done() and self._contact.away_since is None:
                await self._ship_leftovers()

    def _ship(self) -> None:
        """The control plane answers: a good moment for what earlier processes left."""
        if self._shipping is None:
            self._shipping = asyncio.create_task(self._ship_leftovers())

    async def _ship_leftovers(self) -> int:
        try:
            return await leftovers.ship(
                self._plan.spill_folder, target=self._plan.target, deliver=self._delivery.deliver
            )
        except Exception:
            logger.exception("What earlier processes could not deliver stays in %s.", self._plan.spill_folder)
            return 0

    async def _ship_last(self) -> None:
        """Also what forked children of this process have left."""
        if self._shipping is None or self._contact.away_since is not None:
            return
        last = asyncio.gather(self._shipping, self._ship_leftovers())
        await asyncio.wait([last], timeout=_LEFTOVER_SECONDS)

    def _finish(self) -> None:
        """Keep what is left on disk, and let everybody go who waits."""
        for task in (self._shipping, self._minding):
            if task is not None:
                task.cancel()
        self._inbox.urgent = False
        while self._inbox.news:
            self._take()
        self._save()
        self._spill.close()
        ended = RecordingError("Recording has ended.")
        for run in self._tracking.all_unfinished():
            for future in run.waiting:
                settle(future, ended)
        for _, waiting in self._waiting:
            settle(waiting.future, None if waiting.awaited is Awaited.FLUSHED else ended, answer=False)

    def _save(self) -> None:
        if self._outbox.is_empty or self._plan.offline:
            return
        fault = self._contact.fault or "The control plane has not answered in time."
        try:
            self._outbox.save()
        except OSError as error:
            logger.error("%s What runs have told it since cannot be kept on disk, and is lost: %s", fault, error)
            return
        logger.warning(
            "%s What runs have told it since is kept in %s; the next Orch process with the same ORCH_HOME delivers it.",
            fault,
            self._plan.spill_folder,
        )


async def _touch(transport: Transport) -> bool:
    """Opening it is enough."""
    return bool(transport.target)
