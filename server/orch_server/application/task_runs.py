"""Takes reports of task runs, and lists them."""

from collections.abc import Sequence
from dataclasses import replace
from itertools import accumulate
from uuid import UUID

from orch_server.application.errors import InvalidArgument, NotFound
from orch_server.application.fence_rows import Fence
from orch_server.application.pages import Page, PageRequest, after_number, encode_token, id_key, page_of
from orch_server.application.ports import Lane, Store, Transaction, pool_topic
from orch_server.domain.runs import ReportVerdict
from orch_server.domain.states import StateChange, StateType
from orch_server.domain.task_runs import TaskRun, TaskRunReport, TaskRunStanding, revives, supersedes
from orch_server.domain.values import value

MAX_RESULT_BYTES = 4 * 1024 * 1024
"""Of results in one page: well below what a message may hold."""

_MAX_BATCH = 8
"""Calls in one transaction. Each may hold thousands of reports."""


@value
class TaskReports:
    """News of a flow run's task runs, by its holder."""

    flow_run_id: UUID
    token: int
    reports: tuple[TaskRunReport, ...]


def report_task_runs(tx: Transaction, calls: Sequence[TaskReports]) -> list[ReportVerdict | Exception]:
    """Write the news of many holders. What is decided here holds until the commit: the flow runs are locked, or, in a
    first try, no grant has come before the write, which never goes over what is newer."""
    ids = [report.task_run.id for call in calls for report in call.reports]
    if _may_be_new(calls, ids) and tx.task_runs.expect_new({call.flow_run_id: call.token for call in calls}, ids):
        ledger = _Ledger({})
        answers = [ledger.take(call) for call in calls]
        ledger.write(tx)
        return answers
    fences, standings = tx.task_runs.hold([call.flow_run_id for call in calls], ids)
    ledger = _Ledger(standings)
    answers = [_refusal(fences.get(call.flow_run_id), call) or ledger.take(call) for call in calls]
    ledger.write(tx)
    for run_id in {run.flow_run_id for run in ledger.changed.values()}:
        fence = fences[run_id]
        # Who looked for runs to grant has passed over one that was locked here.
        if fence.state == StateType.SCHEDULED and fence.work_pool_id is not None:
            tx.announce(pool_topic(fence.work_pool_id))
    return answers


def _may_be_new(calls: Sequence[TaskReports], ids: Sequence[UUID]) -> bool:
    """Whether all of it may be the first news of task runs, by who holds their flow runs. A call without reports writes
    nothing with which its token would be compared."""
    holders = {(call.flow_run_id, call.token) for call in calls}
    if len(holders) > len({run_id for run_id, _ in holders}) or len(set(ids)) < len(ids):
        return False
    return all(call.token > 0 and call.reports and all(report.is_first for report in call.reports) for call in calls)


def _refusal(fence: Fence | None, call: TaskReports) -> ReportVerdict | Exception | None:
    """Why a call cannot be taken."""
    if fence is None:
        return NotFound("flow run", str(call.flow_run_id))
    return None if fence.admits(call.token) else ReportVerdict.LOST


class _Ledger:
    """Reports of one transaction: decided one by one, written together."""

    def __init__(self, standings: dict[UUID, TaskRunStanding]) -> None:
        self.changed: dict[UUID, TaskRun] = {}
        self._changes: list[tuple[UUID, StateChange]] = []
        self._standings = standings

    def take(self, call: TaskReports) -> ReportVerdict | Exception:
        """Decide on a call of the run's holder: all of its reports are written, or none."""
        for place, report in enumerate(call.reports):
            standing = self._standings.get(report.task_run.id)
            if standing is not None and standing.flow_run_id != call.flow_run_id:
                return _foreign(place, report.task_run)
        for report in call.reports:
            self._take_one(report)
        return ReportVerdict.ACCEPTED

    def _take_one(self, report: TaskRunReport) -> None:
        run = report.task_run
        standing = self._standings.get(run.id)
        if standing is not None and revives(standing, run):
            return
        # Also from a report that comes late: what it tells of the past may be news.
        self._changes += [(run.id, change) for change in report.changes]
        if supersedes(standing, run):
            self._standings[run.id] = TaskRunStanding.of(run)
            self.changed[run.id] = run

    def write(self, tx: Transaction) -> None:
        """Write what was taken."""
        tx.task_runs.put(list(self.changed.values()))
        tx.task_runs.add_states(self._changes)


def _foreign(place: int, run: TaskRun) -> InvalidArgument:
    text = f"{run.id} is a task run of another flow run. Make a new UUID for each task run."
    return InvalidArgument.of(f"reports[{place}].task_run.task_run_id", text, reason="FOREIGN_TASK_RUN")


@value
class TaskRunPage:
    """Some task runs. `change_token`: asks later for what has changed since; empty on all pages but the first."""

    page: Page[TaskRun]
    change_token: str


class TaskRuns:
    """The use cases of task runs."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._reports: Lane[TaskReports, ReportVerdict] = store.lane(report_task_runs, max_batch=_MAX_BATCH)

    async def report(self, reports: TaskReports) -> ReportVerdict:
        """Take a holder's news, together with others'. Raises NotFound and InvalidArgument."""
        return await self._reports.submit(reports)

    async def get(self, task_run_id: UUID) -> TaskRun:
        """One task run. Raises NotFound."""
        return await self._store.read(lambda tx: _get(tx, task_run_id))

    async def page(
        self,
        request: PageRequest,
        flow_run_id: UUID,
        state_types: Sequence[StateType],
        *,
        include_results: bool = False,
        changed_after: str = "",
    ) -> TaskRunPage:
        """A flow run's task runs in the order of their ids. Raises NotFound where there is no such flow run.

        include_results: with the bytes of their results, and no more of them than MAX_RESULT_BYTES hold.
        changed_after: the change token of an earlier page; only those that have changed since.
        """
        after = id_key(request)
        since = _change_in(changed_after, flow_run_id)

        def work(tx: Transaction) -> tuple[Sequence[TaskRun], int, str]:
            if tx.fences.look(flow_run_id) is None:
                raise NotFound("flow run", str(flow_run_id))
            token = ""
            if not request.token:
                # Looked up first: what changes after that is told with the token.
                newest = tx.task_runs.newest_change(flow_run_id, after=since or 0)
                token = encode_token(_change_scope(flow_run_id), [newest or since or 0])
                if since is not None and newest is None:
                    return (), request.size, token
            rows = tx.task_runs.page(
                flow_run_id, state_types=state_types, after=after, limit=request.size + 1, changed_after=since
            )
            return *(_with_results(tx, rows, request.size) if include_results else (rows, request.size)), token

        rows, size, token = await self._store.read(work)
        return TaskRunPage(page_of(rows, size=size, scope=request.scope, key=[(str(run.id),) for run in rows]), token)

    async def states(self, request: PageRequest, task_run_id: UUID) -> Page[StateChange]:
        """A task run's history, oldest first. Raises NotFound."""
        after = after_number(request) or 0

        def work(tx: Transaction) -> Sequence[StateChange]:
            _get(tx, task_run_id)
            return tx.task_runs.states(task_run_id, after_version=after, limit=request.size + 1)

        rows = await self._store.read(work)
        return page_of(rows, size=request.size, scope=request.scope, key=[(each.version,) for each in rows])


def _change_scope(flow_run_id: UUID) -> str:
    return f"task run changes {flow_run_id}"


def _change_in(token: str, flow_run_id: UUID) -> int | None:
    """The number of the change that a token names; None for an empty one. InvalidArgument for a foreign one."""
    try:
        return after_number(PageRequest(0, token, _change_scope(flow_run_id)))
    except InvalidArgument:
        text = "This token is not from a list of this flow run's task runs. Start again without it."
        raise InvalidArgument.of("changed_after", text, reason="FOREIGN_CHANGE_TOKEN") from None


def _with_results(tx: Transaction, rows: Sequence[TaskRun], size: int) -> tuple[Sequence[TaskRun], int]:
    """As many of the rows as their results allow, with those, and of how many the page is; a page has one at least."""
    sizes = tx.task_runs.result_sizes([run.id for run in rows])
    reached = accumulate(sizes.get(run.id, 0) for run in rows)
    size = min(max(1, sum(total <= MAX_RESULT_BYTES for total in reached)), size)
    data = tx.task_runs.result_data([run.id for run in rows[:size]])
    return [_with_data(run, data.get(run.id)) for run in rows[: size + 1]], size


def _with_data(run: TaskRun, data: bytes | None) -> TaskRun:
    if run.result is None or data is None:
        return run
    return replace(run, result=replace(run.result, data=data))


def _get(tx: Transaction, task_run_id: UUID) -> TaskRun:
    run = tx.task_runs.get(task_run_id)
    if run is None:
        raise NotFound("task run", str(task_run_id))
    return run
