"""What the courier knows of each run: its token, how far its records are, who waits for it.

Tokens are known before they are granted: a run that is started has token 1, one that is taken up again its last token
and one more. So records can be made, and kept on disk, while the control plane is away. Only the courier's thread
touches what is here.
"""

import logging
from collections import OrderedDict
from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import Enum
from typing import TYPE_CHECKING, NamedTuple

from orch.errors import LeaseLostError
from orch.recording.records import FlowRunRecord, Verdict

if TYPE_CHECKING:
    from concurrent.futures import Future

logger = logging.getLogger(__name__)

# A run that has ended may still have late lines. So many are remembered.
_REMEMBERED = 1000
FIRST_SHARED_TOKEN = 33
"""The first grant that shares its log's stream with those after it."""
# A worker reports under the same token as the process that it started, and counts its own reports from 1.
_ADOPTED_SEQUENCE = 1_000_000


class RunKey(NamedTuple):
    """One grant of one run."""

    flow_run_id: str
    token: int


class Standing(Enum):
    """How a run stands with the control plane."""

    BEGINNING = "beginning"
    HELD = "held"
    ENDED = "ended"
    GONE = "gone"
    """Refused, or somebody else's: nothing more is sent of it."""


@dataclass(slots=True, eq=False)
class TrackedRun:
    """A run of this process."""

    record: FlowRunRecord
    key: RunKey
    standing: Standing = Standing.BEGINNING
    refusal: Exception | None = None
    """Why it is gone."""
    sequence: int = 0
    """Of the newest report of a state."""
    log_offset: int = 0
    """Of the next line."""
    ending: bool = False
    """Its end was handed in."""
    told_name: str = ""
    """The name that the control plane knows; empty until it knows one."""
    waiting: "list[Future[bool]]" = field(default_factory=list)
    """Who waits for the grant."""
    told: set[Verdict] = field(default_factory=set)

    @property
    def needs_grant(self) -> bool:
        """Whether the run may not begin before it is granted."""
        record = self.record
        return bool(record.durable or record.exclusive or record.adopted_token or record.resume_from)

    @property
    def log_stream(self) -> str:
        """Where the lines of this grant go; see `log_stream`."""
        return log_stream(self.key.token)

    def tell(self, verdict: Verdict, message: str) -> None:
        """Pass a verdict on to the run, once each, and not when it has ended."""
        if self.ending or verdict in self.told:
            return
        self.told.add(verdict)
        # In this order: whoever sets `on_verdict` looks into `heard` afterwards.
        self.record.heard.append((verdict, message))
        on_verdict = self.record.on_verdict
        if on_verdict is None:
            return
        try:
            on_verdict(verdict, message)
        except Exception:
            logger.exception("Flow run '%s' could not be told: %s", self.record.name, message)


def log_stream(token: int) -> str:
    """The stream that a grant writes to: one of its own, so that its lines can be counted from 0 without asking.

    A run may have 64 streams. Grants from FIRST_SHARED_TOKEN on share one, and must ask where it ends.
    """
    if token >= FIRST_SHARED_TOKEN:
        return f"run-{FIRST_SHARED_TOKEN}+"
    return "run" if token == 1 else f"run-{token}"


class Tracking:
    """All runs of this process."""

    def __init__(self) -> None:
        self._runs: OrderedDict[str, TrackedRun] = OrderedDict()
        self._ended: OrderedDict[str, None] = OrderedDict()
        self._gone: OrderedDict[RunKey, str] = OrderedDict()

    def begin(self, record: FlowRunRecord) -> TrackedRun:
        """A run is about to be started, taken up again, or adopted."""
        run = TrackedRun(record, RunKey(record.id, _token_of(record)))
        if record.adopted_token:
            run.sequence = _ADOPTED_SEQUENCE
        self._ended.pop(record.id, None)
        self._runs[record.id] = run
        parent = self.parent_of(run)
        if parent is not None and parent.standing is Standing.GONE:
            assert parent.refusal is not None
            self.refuse(run, parent.refusal)
        return run

    def find(self, record: FlowRunRecord) -> TrackedRun | None:
        """The run of a record; None for one that this recorder was never told of, or has forgotten."""
        return self._runs.get(record.id)

    def by_id(self, flow_run_id: str) -> TrackedRun | None:
        """The run of an id."""
        return self._runs.get(flow_run_id)

    def parent_of(self, run: TrackedRun) -> TrackedRun | None:
        """The run that called this one, where that is a run of this process."""
        parent = run.record.parent
        return None if parent is None else self.find(parent)

    def held(self) -> Iterator[TrackedRun]:
        """The runs whose leases are to be kept."""
        return (run for run in self._runs.values() if run.standing is Standing.HELD)

    def by_key(self, key: RunKey) -> TrackedRun | None:
        """The run under a token."""
        run = self._runs.get(key.flow_run_id)
        return run if run is not None and run.key == key else None

    def granted(self, run: TrackedRun) -> None:
        """The control plane knows the run, and it is this process's."""
        if run.standing is Standing.BEGINNING:
            run.standing = Standing.HELD
            run.record.token = run.key.token
            answer_waiting(run, None)

    def ended(self, run: TrackedRun) -> None:
        """The run's end is stored. It is remembered for a while, for late lines."""
        if run.standing is not Standing.GONE:
            run.standing = Standing.ENDED
        # The user's values need not live as long as that.
        run.record = FlowRunRecord(run.record.id, run.record.name, run.record.flow_name, token=run.record.token)
        self._ended[run.key.flow_run_id] = None
        while len(self._ended) > _REMEMBERED:
            oldest, _ = self._ended.popitem(last=False)
            self._runs.pop(oldest, None)

    def refuse(self, run: TrackedRun, error: Exception) -> None:
        """Nothing more is sent of the run: it never was granted, or is somebody else's now."""
        if run.standing is Standing.GONE:
            return
        run.standing = Standing.GONE
        run.refusal = error
        self.forget(run.key, str(error))
        answer_waiting(run, error)
        if run.ending:
            self.ended(run)

    def lose(self, run: TrackedRun, why: str) -> None:
        """Somebody else has the run now: nothing more is sent of it."""
        if run.standing is Standing.GONE:
            return
        text = f"Flow run '{run.record.name}' is not this process's any more: {why or 'another holder has it.'}"
        logger.warning("%s Nothing more of it is recorded here.", text)
        run.tell(Verdict.LOST, why)
        self.refuse(run, LeaseLostError(text))

    def forget(self, key: RunKey, why: str) -> None:
        """Nothing more is sent under this token."""
        self._gone[key] = why
        while len(self._gone) > _REMEMBERED:
            self._gone.popitem(last=False)

    def is_gone(self, key: RunKey) -> bool:
        """Whether nothing more is to be sent under this token."""
        return key in self._gone

    def all_unfinished(self) -> list[TrackedRun]:
        """The runs that have neither ended nor gone."""
        return [run for run in self._runs.values() if run.standing in {Standing.BEGINNING, Standing.HELD}]


def _token_of(record: FlowRunRecord) -> int:
    """The token that a run has, or will have been granted."""
    if record.adopted_token:
        return record.adopted_token
    return record.resume_from.token + 1 if record.resume_from else 1


def answer_waiting(run: TrackedRun, error: Exception | None) -> None:
    """Answer everybody who waits for the run's grant."""
    for future in run.waiting:
        settle(future, error)
    run.waiting.clear()


def settle(future: "Future[bool]", error: Exception | None = None, *, answer: bool = True) -> None:
    """Answer somebody who waits, if they still do."""
    if future.done() or not future.set_running_or_notify_cancel():
        return
    if error is None:
        future.set_result(answer)
    else:
        future.set_exception(error)
