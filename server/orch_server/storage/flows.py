"""Flows."""

from collections.abc import Sequence
from functools import cache
from typing import Any
from uuid import UUID

from sqlalchemy import Insert, Row, Select, bindparam, select

from orch_server.domain.flows import Flow
from orch_server.storage.batch import one_of
from orch_server.storage.inserts import insert_or_skip
from orch_server.storage.naming import by_name, starts_with
from orch_server.storage.scope import Kind, Scope
from orch_server.storage.tables import flow

_BY_ID = select(flow).where(flow.c.id == bindparam("flow_id"))
_BY_NAME = select(flow).where(flow.c.name == bindparam("flow_name"))


@cache
def _ids_by_name(kind: Kind) -> Select[tuple[str, UUID]]:
    return select(flow.c.name, flow.c.id).where(one_of(flow.c.name, "names", kind))


@cache
def _add_missing(kind: Kind) -> Insert:
    return insert_or_skip(kind, flow, ["name"])


@cache
def _page(kind: Kind, *, prefixed: bool, first: bool) -> Select[Any]:
    name = by_name(flow.c.name, kind)
    statement = select(flow).order_by(name).limit(bindparam("most"))
    if prefixed:
        statement = statement.where(starts_with(flow.c.name, "prefix"))
    return statement if first else statement.where(name > bindparam("after"))


class SqlFlows:
    """The store's side of `FlowRows`."""

    def __init__(self, scope: Scope) -> None:
        self._scope = scope
        self.added: set[str] = set()

    def ids_by_name(self, names: Sequence[str]) -> dict[str, UUID]:
        """Those of these flows that are there."""
        rows = self._scope.rows(_ids_by_name(self._scope.kind), {"names": list(names)})
        return {row.name: row.id for row in rows}

    def add_missing(self, flows: Sequence[Flow]) -> None:
        """Insert flows whose names are not taken, in the order of the names, so that two servers cannot deadlock."""
        if flows:
            self.added.update(each.name for each in flows)
            rows = [
                {"id": each.id, "name": each.name, "create_time": each.create_time}
                for each in sorted(flows, key=lambda each: each.name)
            ]
            self._scope.connection.execute(_add_missing(self._scope.kind), rows)

    def get(self, flow_id: UUID) -> Flow | None:
        """One flow by id."""
        return _flow(self._scope.connection.execute(_BY_ID, {"flow_id": flow_id}).one_or_none())

    def get_by_name(self, name: str) -> Flow | None:
        """One flow by name."""
        return _flow(self._scope.connection.execute(_BY_NAME, {"flow_name": name}).one_or_none())

    def page(self, *, name_prefix: str, after: str | None, limit: int) -> list[Flow]:
        """Flows whose name starts so, ordered by name, those past `after`, at most `limit`."""
        statement = _page(self._scope.kind, prefixed=bool(name_prefix), first=after is None)
        parameters = {"prefix": name_prefix, "after": after, "most": limit}
        return [Flow(*row) for row in self._scope.connection.execute(statement, parameters)]


def _flow(row: Row[Any] | None) -> Flow | None:
    return Flow(row.id, row.name, row.create_time) if row is not None else None
