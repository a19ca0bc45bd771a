"""Flows: seen with their first deployment or run, listed, never changed."""

from collections.abc import Collection, Iterable, Mapping
from uuid import UUID

from orch_server.application.errors import NotFound
from orch_server.application.pages import Page, PageRequest, decode_token, foreign_token, page_of
from orch_server.application.ports import Ids, Store, Transaction
from orch_server.domain.flows import Flow


def ensure_flows(tx: Transaction, ids: Ids, names: Iterable[str]) -> dict[str, UUID]:
    """The ids of flows by name; those that are new come into being, once, whoever else sees them at the same time."""
    wanted = list(dict.fromkeys(names))
    if not wanted:
        return {}
    found = tx.flows.ids_by_name(wanted)
    missing = [name for name in wanted if name not in found]
    if missing:
        tx.flows.add_missing([Flow(ids.new(tx.now), name, tx.now) for name in missing])
        found |= tx.flows.ids_by_name(missing)
    return found


def ensure_flow(tx: Transaction, ids: Ids, name: str) -> UUID:
    """The id of one flow by name, which comes into being where it is new."""
    return ensure_flows(tx, ids, [name])[name]


class KnownFlows:
    """Ids of flows that are known to be committed, so that a create needs no look for its flow. Flows are for good."""

    def __init__(self) -> None:
        self._ids: dict[str, UUID] = {}

    def ids(self, tx: Transaction, ids: Ids, names: Collection[str]) -> Mapping[str, UUID]:
        """The ids of flows by name; those that are new come into being, and are known once they are committed."""
        known = {name: self._ids[name] for name in names if name in self._ids}
        unknown = [name for name in names if name not in known]
        if not unknown:
            return known
        found = tx.flows.ids_by_name(unknown)
        if len(self._ids) < _MOST_KNOWN:
            self._ids |= {name: flow_id for name, flow_id in found.items() if name not in tx.flows.added}
        return known | found | ensure_flows(tx, ids, [name for name in unknown if name not in found])


_MOST_KNOWN = 100_000


class Flows:
    """The use cases of flows."""

    def __init__(self, store: Store) -> None:
        self._store = store

    async def get(self, *, flow_id: UUID | None = None, name: str = "") -> Flow:
        """One flow, by id or else by name. Raises NotFound."""
        found = await self._store.read(
            lambda tx: tx.flows.get_by_name(name) if flow_id is None else tx.flows.get(flow_id)
        )
        if found is None:
            raise NotFound("flow", name if flow_id is None else str(flow_id))
        return found

    async def page(self, request: PageRequest, *, name_prefix: str = "") -> Page[Flow]:
        """Flows whose name starts so, by name."""
        after = name_key(request)
        rows = await self._store.read(
            lambda tx: tx.flows.page(name_prefix=name_prefix, after=after, limit=request.size + 1)
        )
        return page_of(rows, size=request.size, scope=request.scope, key=[(each.name,) for each in rows])


def name_key(request: PageRequest) -> str | None:
    """The name after which a page begins; None for the first page."""
    match decode_token(request.scope, request.token):
        case None:
            return None
        case [str(name)]:
            return name
        case _:
            raise foreign_token()
