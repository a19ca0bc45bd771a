"""Flows come into being once, and are found by id, name and prefix."""

import asyncio

import pytest

from orch_server.application.errors import NotFound
from orch_server.application.flows import Flows, KnownFlows, ensure_flow, ensure_flows
from orch_server.application.pages import PageRequest
from orch_server.application.ports import Transaction
from orch_server.clock import TimeOrderedIds
from orch_server.storage.store import SqlStore
from tests.conformance.conftest import OpenServer


async def test_a_flow_keeps_its_id(store: SqlStore, ids: TimeOrderedIds) -> None:
    first = await store.write(lambda tx: ensure_flow(tx, ids, "etl"))

    again = await store.write(lambda tx: ensure_flows(tx, ids, ["report", "etl", "etl"]))

    assert again["etl"] == first
    assert set(again) == {"etl", "report"}


async def test_two_servers_that_see_a_flow_at_once_agree_on_its_id(
    open_server: OpenServer, ids: TimeOrderedIds
) -> None:
    names = [f"flow {number}" for number in range(20)]
    one, other = open_server().store, open_server().store

    found = await asyncio.gather(
        *(store.write(lambda tx, n=ordered: ensure_flows(tx, ids, n))  # type: ignore[misc]
          for store, ordered in [(one, names), (other, names[::-1])] * 5)
    )  # fmt: skip

    assert all(each == found[0] for each in found)


async def test_a_flow_is_found_by_id_and_by_name(store: SqlStore, ids: TimeOrderedIds) -> None:
    flow_id = await store.write(lambda tx: ensure_flow(tx, ids, "etl"))
    flows = Flows(store)

    assert await flows.get(flow_id=flow_id) == await flows.get(name="etl")
    with pytest.raises(NotFound):
        await flows.get(name="elt")


async def test_lists_are_ordered_by_name_byte_by_byte_and_paged(store: SqlStore, ids: TimeOrderedIds) -> None:
    names = ["b", "B", "a_1", "a%", "A", "ä", "a"]
    await store.write(lambda tx: ensure_flows(tx, ids, names))

    listed: list[str] = []
    token = ""
    while True:
        page = await Flows(store).page(PageRequest(2, token, "flows"))
        listed += [flow.name for flow in page.items]
        token = page.next_token
        if not token:
            break

    assert listed == sorted(names)


@pytest.mark.parametrize(("prefix", "found"), [("a", ["a", "a%", "a_1"]), ("a_", ["a_1"]), ("A", ["A"]), ("x", [])])
async def test_a_prefix_is_taken_literally(store: SqlStore, ids: TimeOrderedIds, prefix: str, found: list[str]) -> None:
    await store.write(lambda tx: ensure_flows(tx, ids, ["b", "a_1", "a%", "A", "a"]))

    page = await Flows(store).page(PageRequest(10, "", "flows"), name_prefix=prefix)

    assert [flow.name for flow in page.items] == found


async def test_an_id_is_not_remembered_before_its_flow_is_committed(store: SqlStore, ids: TimeOrderedIds) -> None:
    """Two use cases that share a transaction: one brings the flow, the other sees it; then all of it is undone."""
    bringing, seeing = KnownFlows(), KnownFlows()

    def undone(tx: Transaction) -> None:
        bringing.ids(tx, ids, ["etl"])
        seeing.ids(tx, ids, ["etl"])
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await store.write(undone)
    committed = await store.write(lambda tx: ensure_flow(tx, ids, "etl"))

    assert await store.write(lambda tx: seeing.ids(tx, ids, ["etl"])["etl"]) == committed
    assert await store.write(lambda tx: bringing.ids(tx, ids, ["etl"])["etl"]) == committed
