"""Bodies of deliveries, which are read before anybody is known: how long, and how much at once."""

import asyncio
from typing import TYPE_CHECKING, cast

from orch_server.web.asgi import Answer, Event, Receive, Request
from orch_server.web.hooks.definitions import Webhook
from orch_server.web.hooks.endpoint import Hooks

if TYPE_CHECKING:
    from orch_server.web.methods import Method

HOOKS = {"a": Webhook("a", "etl", "nightly", "github", (b"secret",))}
# Never called: nothing here is signed.
METHODS = dict.fromkeys(
    ("/orch.v1.DeploymentService/GetDeployment", "/orch.v1.FlowRunService/CreateFlowRun"), cast("Method", None)
)


class Sending:
    """A body that comes in parts, when they are there."""

    def __init__(self, *events: Event) -> None:
        self.events = asyncio.Queue[Event]()
        self.taken = asyncio.Event()
        for event in events:
            self.events.put_nowait(event)

    async def __call__(self) -> Event:
        if self.events.empty():
            self.taken.set()
        return await self.events.get()


def body(content: bytes, *, more: bool) -> Event:
    return {"type": "http.request", "body": content, "more_body": more}


async def deliver(hooks: Hooks, receive: Receive) -> Answer:
    return await hooks(Request("POST", "/hooks/a", "", {}, secure=False), receive)


async def test_a_body_that_does_not_come_is_not_waited_for() -> None:
    answer = await deliver(Hooks(HOOKS, METHODS, read_seconds=0.01), Sending())

    assert answer.status == 408


async def test_all_bodies_together_have_their_bound_and_give_back_what_they_took() -> None:
    hooks = Hooks(HOOKS, METHODS, most_held_bytes=10)
    slow = Sending(body(b"12345678", more=True))
    waiting = asyncio.create_task(deliver(hooks, slow))
    await slow.taken.wait()

    assert (await deliver(hooks, Sending(body(b"123", more=False)))).status == 503

    slow.events.put_nowait(body(b"", more=False))
    assert (await waiting).status == 401
    assert (await deliver(hooks, Sending(body(b"1234567890", more=False)))).status == 401
