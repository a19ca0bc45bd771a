"""How Postgres carries out the statement behind a list: the server's own storage makes it, EXPLAIN ANALYZE runs it."""

from types import TracebackType
from typing import Any, Self

import asyncpg
from sqlalchemy import Engine, event

from orch_proto.v1.flow_run_service_pb2 import ListFlowRunsRequest
from orch_server.clock import SystemClock
from orch_server.rpc.convert.flow_runs import to_filter
from orch_server.storage.opening import open_store

_PLAN_MODES = ("force_custom_plan", "force_generic_plan")
"""With the parameters in view, and without: Postgres may turn to the second after five executions."""


class StatementPlans:
    """Runs the storage in this process, catches its statements, and asks Postgres for their plans."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._opened = open_store(url, SystemClock(), pool_size=1)
        self._caught: list[tuple[str, Any]] = []

    async def __aenter__(self) -> Self:
        self._connection = await asyncpg.connect(self._url)
        event.listen(Engine, "before_cursor_execute", self._catch)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        event.remove(Engine, "before_cursor_execute", self._catch)
        await self._connection.close()
        await self._opened.close()

    async def of(self, request: ListFlowRunsRequest) -> str:
        """The statements of a request, and their plans."""
        self._caught.clear()
        wanted = to_filter(request.filter)
        limit = request.page_size + 1
        await self._opened.store.read(lambda tx: tx.flow_runs.page(wanted, before=None, limit=limit))
        return "\n".join([await self._plans(*each) for each in list(self._caught)])

    async def _plans(self, statement: str, parameters: Any) -> str:  # noqa: ANN401 - the driver's own
        lines = [statement, f"-- {parameters}"]
        for mode in _PLAN_MODES:
            await self._connection.execute(f"SET plan_cache_mode = {mode}")
            rows = await self._connection.fetch(f"EXPLAIN (ANALYZE, BUFFERS) {statement}", *parameters)
            lines += [f"-- {mode}", *(row[0] for row in rows)]
        return "\n".join(lines)

    def _catch(
        self,
        connection: object,
        cursor: object,
        statement: str,
        parameters: Any,  # noqa: ANN401
        context: object,
        many: object,
    ) -> None:
        self._caught.append((statement, parameters))
