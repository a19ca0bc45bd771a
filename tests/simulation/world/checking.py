"""What must hold after every commit: the invariants of docs/architecture.md, seen from outside, in rows.

The checker knows no use case. It compares the database with itself one commit before, and with the calls that servers
were working on: whoever sees a lease extended asks who can have asked for it.
"""

from collections.abc import Callable, Iterable
from uuid import UUID

from orch_server.application.sweeping import LOST_CONTACT
from orch_server.domain.leases import LeasePhase
from orch_server.domain.states import LEASED, TERMINAL, StateType
from orch_server.storage.documents import load_recovery
from orch_server.storage.types import to_micros
from tests.simulation.world.snapshot import LeaseRow, Reader, Run, Snapshot, StateRow
from tests.simulation.world.world import Violation, World
from tests.support.plane import SWEEP_SECONDS

S = StateType
_BACK = "Its holder is back."
_TAKEN_OVER = "Its holder is dead, says the process that took the run over."
_LOSSES = frozenset({LOST_CONTACT, _TAKEN_OVER})
_OUTAGE_MICROS = max(3 * SWEEP_SECONDS, 3) * 1_000_000
_CANCEL_SECONDS = 1.0

Executing = Callable[[UUID, int], Iterable[object]]


class Checker:
    """Looks at every commit of one world. `now` is the database as it is."""

    def __init__(self, world: World) -> None:
        self.now = Snapshot()
        self.reader = Reader(world.engine)
        self.executing: Executing = lambda run_id, token: ()
        """Who runs the code of an exclusive run now."""
        self.deaf: Callable[[UUID, int], bool] = lambda run_id, token: False
        """Whether the live holder of a lease has not heard that its run is being cancelled."""
        self._world = world
        self._lost: set[UUID] = set()
        """Runs whose holder was lost, and which nothing has happened to since."""
        self._reports: dict[UUID, set[str]] = {}
        self._returned = to_micros(world.clock.now())
        """When the control plane last came back after a gap."""

    # What clients were told

    def acknowledged(self, run_id: UUID, key: str) -> None:
        """A create was answered with this run."""
        known = self._world.known
        if run_id in known.deleted:
            return
        if run_id not in self.now.runs:
            self._fail(4, f"{self._name(run_id)} was acknowledged, and is not there")
        if key and any(other != run_id and its == key for other, its in known.created.items()):
            self._fail(4, f"the key {key} was answered with two runs, {self._name(run_id)} is the second")
        known.acknowledge(run_id, key)

    # After each commit

    def committed(self, who: str) -> None:
        """A transaction was committed: look at what it has changed."""
        world = self._world
        world.commits += 1
        before, after = self.now, self.reader.read(to_micros(world.clock.now()))
        self.now = after
        try:
            self._look(who, before, after)
        except Violation as violation:
            world.fail(violation)

    def _look(self, who: str, before: Snapshot, after: Snapshot) -> None:
        for run_id in before.runs.keys() - after.runs.keys():
            self._gone(before.runs[run_id])
        for run_id, run in after.runs.items():
            old = before.runs.get(run_id)
            if old is run or old == run:
                continue
            self._changed(who, old, run, before=before, after=after)
        self._sound(after)
        if before.leases != after.leases:
            self._leases(before, after)
        if before.swept != after.swept:
            self._swept(before, after)
        for stream, end in after.ends.items():
            if before.ends.get(stream) != end:
                self._logged(stream, end)
        if len(after.runs) != len(before.runs):
            self._unique(after)

    def _gone(self, run: Run) -> None:
        if run.state not in TERMINAL or not self._world.calls.about(run.id, "delete"):
            self._fail(4, f"{self._name(run.id)} is gone, and nobody deleted it")
        self._lost.discard(run.id)

    # Runs

    def _changed(self, who: str, old: Run | None, run: Run, *, before: Snapshot, after: Snapshot) -> None:
        rows = self.reader.states(run.id, after=old.version if old is not None else 0)
        versions = [row.version for row in rows]
        first = old.version + 1 if old is not None else 1
        if versions != list(range(first, run.version + 1)):
            self._fail(4, f"the history of {self._name(run.id)} has the versions {versions}, and the run {run.version}")
        state, token = (S(old.state), old.token) if old is not None else (None, 0)
        lease = before.leases.get(run.id)
        alive = lease is not None and lease.phase != LeasePhase.STARTING
        for row in rows:
            self._world.say(
                who, f"{self._name(run.id)} {_named(state)} -> {S(row.state).name} token {row.token} {row.name}"
            )
            self._step(run, state, token, row, single=len(rows) == 1, old=old, alive=alive)
            state, token = S(row.state), row.token
        if rows and (rows[-1].state != run.state or (rows[-1].token and rows[-1].token != run.token)):
            self._fail(4, f"{self._name(run.id)} is not as the last entry of its history says")
        allowed = load_recovery(run.recovery).allowed_restarts
        if run.restarts > allowed:
            self._fail(6, f"{self._name(run.id)} was restarted {run.restarts} times, and {allowed} are allowed")
        if run.lost_from is not None and run.id not in self._lost:
            self._fail(7, f"{self._name(run.id)} is kept for a holder that was not lost since")

    def _step(
        self,
        run: Run,
        state: StateType | None,
        token: int,
        row: StateRow,
        *,
        single: bool,
        old: Run | None,
        alive: bool,
    ) -> None:
        """One entry of a run's history after another. alive: whether a process was said to be."""
        to, is_loss = S(row.state), row.message in _LOSSES
        if row.message.startswith("token "):
            self._reported(run, row)
        if state is None:
            return
        if is_loss:
            self._loss(run, state, to, old if single else None, after=run)
            if alive and state == S.PENDING and to == S.SCHEDULED:
                self._fail(6, f"the process of {self._name(run.id)} was alive when it was lost, and it begins again")
        if row.message == _BACK and run.id not in self._lost:
            self._fail(7, f"the holder of {self._name(run.id)} is back, and was not lost since")
        self._token(run, state, to, token, row)
        self._edge(run, state, to, row)
        given_back = state == S.PENDING and to == S.SCHEDULED and not row.name.startswith("Awaiting")
        if given_back and single and old is not None:
            self._given_back(old, run, lost=is_loss)
        if is_loss and to != S.CANCELLED:
            self._lost.add(run.id)
        elif not is_loss:
            self._lost.discard(run.id)

    def _edge(self, run: Run, state: StateType, to: StateType, row: StateRow) -> None:
        """From a state to another."""
        if state in TERMINAL:
            self._after_the_end(run, state, to, row)
        if state == S.CANCELLING and to not in {S.CANCELLING, S.CANCELLED, S.COMPLETED}:
            self._fail(11, f"{self._name(run.id)} was being cancelled, and became {to.name}")
        if to == S.CANCELLING and state == S.RUNNING:
            self._world.loop.call_later(_CANCEL_SECONDS, self._must_have_heard, run.id, run.token)

    def _reported(self, run: Run, row: StateRow) -> None:
        said = int(row.message.split()[1])
        if said != row.token:
            self._fail(
                2, f"{self._name(run.id)}: a holder with token {said} wrote {S(row.state).name} under {row.token}"
            )
        once = f"{row.message} {row.state}"
        if once in self._reports.setdefault(run.id, set()):
            self._fail(5, f"{self._name(run.id)}: the report {row.message!r} was written twice")
        self._reports[run.id].add(once)

    def _loss(self, run: Run, state: StateType, to: StateType, old: Run | None, *, after: Run) -> None:
        allowed = load_recovery(run.recovery).allowed_restarts
        if state == S.CANCELLING:
            if to != S.CANCELLED:
                self._fail(
                    11, f"{self._name(run.id)} lost its holder while it was being cancelled, and became {to.name}"
                )
            return
        if state == S.PENDING:
            if to != S.SCHEDULED:
                self._fail(6, f"{self._name(run.id)} had not started when its holder was lost, and became {to.name}")
            return
        if old is None:
            return
        expected = S.SCHEDULED if old.restarts < allowed else S.CRASHED
        if to != expected:
            text = f"{old.restarts} of {allowed} restarts used: it became {to.name}"
            self._fail(6, f"{self._name(run.id)} lost its holder with {text}")
        if after.retries != old.retries or after.restarts != old.restarts + (to == S.SCHEDULED):
            self._fail(6, f"{self._name(run.id)} lost its holder, and counts {after.retries}, {after.restarts}")

    def _given_back(self, old: Run, run: Run, *, lost: bool) -> None:
        if (old.attempt, old.retries, old.restarts) != (run.attempt, run.retries, run.restarts):
            how = "was lost before it had started" if lost else "was given back"
            self._fail(6 if lost else 13, f"{self._name(run.id)} {how}, and that has spent an attempt")

    def _token(self, run: Run, state: StateType, to: StateType, token: int, row: StateRow) -> None:
        granted = (state == S.SCHEDULED and to == S.PENDING) or (
            to == S.RUNNING and row.name == "Running" and token == 0
        )
        is_back = row.message == _BACK
        if row.token not in {token, token + 1} and row.token:
            self._fail(1, f"{self._name(run.id)}: the token went from {token} to {row.token}")
        if granted and not is_back and row.token != token + 1:
            invariant = 3 if run.id in self._lost else 1
            self._fail(invariant, f"{self._name(run.id)} was granted anew under token {row.token}, which somebody has")
        if not granted and row.token == token + 1 and not self._world.calls.about(run.id, "resume"):
            self._fail(1, f"{self._name(run.id)}: the token rose to {row.token} without a grant")
        resumed = to == S.RUNNING and state not in LEASED and not is_back
        if resumed and row.token != token + 1:
            self._fail(3, f"{self._name(run.id)} was taken up again under token {row.token}, which somebody has")
        if state in LEASED and to == S.PENDING and not row.message.startswith("token "):
            self._fail(1, f"{self._name(run.id)} was {state.name}, and was granted to somebody else")

    def _after_the_end(self, run: Run, state: StateType, to: StateType, row: StateRow) -> None:
        if row.message == _BACK:
            allowed = state == S.CRASHED and run.id in self._lost
        elif to == S.SCHEDULED:
            allowed = self._world.calls.about(run.id, "retry")
        else:
            allowed = to == S.RUNNING and self._world.calls.about(run.id, "resume")
        if not allowed:
            self._fail(5, f"{self._name(run.id)} had ended as {state.name}, and became {to.name}")

    def _must_have_heard(self, run_id: UUID, token: int) -> None:
        """Where nothing goes wrong, whoever runs a run knows after a second that it is to stop."""
        run = self.now.runs.get(run_id)
        quiet = not self._world.setup.faults
        if quiet and run is not None and run.state == S.CANCELLING and run.token == token and self.deaf(run_id, token):
            self._world.fail(Violation(11, f"the holder of {self._name(run_id)} was not told of the cancel within 1 s"))

    # Leases

    def _sound(self, after: Snapshot) -> None:
        for run in after.runs.values():
            lease = after.leases.get(run.id)
            if (run.state in LEASED) != (lease is not None):
                has = "has no lease" if lease is None else "has a lease"
                self._fail(4, f"{self._name(run.id)} is {S(run.state).name}, and {has}")
            if lease is not None and lease.token != run.token:
                self._fail(1, f"{self._name(run.id)} has token {run.token}, and its lease {lease.token}")

    def _leases(self, before: Snapshot, after: Snapshot) -> None:
        granted = []
        for run_id, lease in after.leases.items():
            old = before.leases.get(run_id)
            if old is None or old.token != lease.token:
                if old is not None:
                    self._dropped(old, before, after)
                if (
                    (known := before.runs.get(run_id)) is not None
                    and known.token < lease.token
                    and lease.pool is not None
                ):
                    granted.append(lease)
            elif old != lease and (old.expires, old.session, old.adopter) != (
                lease.expires,
                lease.session,
                lease.adopter,
            ):
                self._kept(old, lease, before, after)
        for run_id in before.leases.keys() - after.leases.keys():
            self._dropped(before.leases[run_id], before, after)
        if granted:
            self._granted(granted, before, after)

    def _granted(self, granted: list[LeaseRow], before: Snapshot, after: Snapshot) -> None:
        ttls = dict(self.reader.ttls())
        kept = [lease for lease in before.leases.values() if _is_kept(lease, after)]
        wishes = {(lease.session, lease.request) for lease in kept}
        for lease in granted:
            name = self._name(lease.run)
            session = before.sessions.get(lease.session) if lease.session is not None else None
            if session is None or session.draining or session.closed:
                self._fail(13, f"{name} was granted to a session that drains or is closed")
            if (lease.session, lease.request) in wishes:
                self._fail(4, f"{name} was granted to a wish that has been granted another run")
            if lease.pool is not None and (
                lease.ttl_ms != ttls[lease.pool] or lease.expires != lease.granted + lease.ttl_ms * 1000
            ):
                self._fail(10, f"the lease of {name} lasts {lease.ttl_ms} ms, its pool says {ttls[lease.pool]}")
            if after.runs[lease.run].scheduled > after.now:
                self._fail(1, f"{name} was granted before its time")
        for table, column in (("work_pool", "pool"), ("work_queue", "queue"), ("deployment", "deployment")):
            self._within(table, column, granted, after)

    def _within(self, table: str, column: str, granted: list[LeaseRow], after: Snapshot) -> None:
        concerned = {getattr(lease, column) for lease in granted}
        for thing, limit in self.reader.limits(table).items():
            live = sum(getattr(lease, column) == thing for lease in after.leases.values())
            if thing in concerned and live > limit:
                self._fail(12, f"a {table} has a limit of {limit}, and a grant makes {live} live leases")

    def _kept(self, old: LeaseRow, lease: LeaseRow, before: Snapshot, after: Snapshot) -> None:
        """A lease was extended, or has another session or adopter: whoever asked must have named its token."""
        calls, name = self._world.calls, self._name(lease.run)
        if any(calls.naming(lease.run, lease.token, "sync", "adopt")):
            return
        if lease.session is None and old.expires == lease.expires and any(calls.of("close")):
            return
        if before.swept != after.swept:
            if self._gap(before, after) <= _OUTAGE_MICROS:
                self._fail(9, f"the lease of {name} was extended by the sweeper, and there was no outage")
            return
        self._fail(2, f"the lease of {name} was changed by somebody who does not have token {lease.token}")

    def _dropped(self, lease: LeaseRow, before: Snapshot, after: Snapshot) -> None:
        calls, name = self._world.calls, self._name(lease.run)
        run = after.runs.get(lease.run)
        by_sweeper = before.swept != after.swept
        resumed = run is not None and run.token > lease.token and lease.pool is None
        if by_sweeper or resumed:
            if lease.expires > after.now:
                self._fail(3, f"the lease of {name} ended before it had expired")
            if not by_sweeper and self._unforgiven(lease, before, after):
                self._fail(9, f"the lease of {name} ended before an outage of the control plane was forgiven")
            if self._returned_at(before, after) + lease.ttl_ms * 1000 > after.now:
                self._fail(9, f"the lease of {name} expired within a TTL after an outage of the control plane")
            for process in self.executing(lease.run, lease.token):
                self._fail(8, f"the lease of {name} has expired, and {process} still runs it")
            return
        told = any(calls.naming(lease.run, lease.token, "report", "release")) or any(calls.of("close"))
        if not told and not (run is None or calls.about(lease.run, "delete")):
            self._fail(2, f"the lease of {name} was ended by somebody who does not have token {lease.token}")

    # Time

    def _unforgiven(self, lease: LeaseRow, before: Snapshot, after: Snapshot) -> bool:
        """Whether nobody had swept for an outage's length when a run was taken from this lease."""
        successor = after.leases.get(lease.run)
        if successor is None or before.swept is None:
            return before.swept is None
        return successor.granted - before.swept > _OUTAGE_MICROS

    def _gap(self, before: Snapshot, after: Snapshot) -> int:
        return _OUTAGE_MICROS + 1 if before.swept is None or after.swept is None else after.swept - before.swept

    def _returned_at(self, before: Snapshot, after: Snapshot) -> int:
        if before.swept != after.swept and self._gap(before, after) > _OUTAGE_MICROS:
            return after.now
        return self._returned

    def _swept(self, before: Snapshot, after: Snapshot) -> None:
        """Between two rounds of the sweeper is no more than a second or so, or there was an outage."""
        if self._gap(before, after) > _OUTAGE_MICROS:
            self._returned = after.now
            for lease in after.leases.values():
                if lease.expires < after.now + lease.ttl_ms * 1000:
                    self._fail(9, f"the lease of {self._name(lease.run)} has less than a TTL left after an outage")
            return
        for lease in after.leases.values():
            if lease.expires <= after.now:
                self._fail(10, f"the sweeper passed over the lease of {self._name(lease.run)}, which has expired")

    # Logs, keys, schedules

    def _logged(self, stream: tuple[UUID, str], end: int) -> None:
        expected = 0
        for chunk in self.reader.chunks(*stream):
            lines = chunk.records[-chunk.lines :]
            if chunk.first != expected or list(lines) != [n % 256 for n in range(expected, expected + chunk.lines)]:
                self._fail(
                    15, f"the log of {self._name(chunk.run)} has {list(lines)} at {chunk.first}, not at {expected}"
                )
            expected += chunk.lines
        if expected != end:
            self._fail(15, f"the log of {self._name(stream[0])} ends at {expected}, and says {end}")

    def _unique(self, after: Snapshot) -> None:
        keys = set[tuple[UUID | None, str]]()
        times = set[tuple[UUID | None, int]]()
        for run in after.runs.values():
            if run.nominal is not None:
                if (run.deployment, run.nominal) in times:
                    self._fail(14, f"{self._name(run.id)} is of a nominal time that had fired")
                times.add((run.deployment, run.nominal))
            elif run.key:
                if (run.deployment, run.key) in keys:
                    self._fail(4, f"{self._name(run.id)} has the key {run.key}, as another run has")
                keys.add((run.deployment, run.key))

    def _name(self, run_id: UUID) -> str:
        return self._world.history.name(run_id)

    def _fail(self, invariant: int, text: str) -> None:
        raise Violation(invariant, text)


def _is_kept(lease: LeaseRow, after: Snapshot) -> bool:
    now = after.leases.get(lease.run)
    return now is not None and now.token == lease.token


def _named(state: StateType | None) -> str:
    return state.name if state is not None else "new"
