"""What lies between machines and servers. Requests and answers are lost, doubled, late, and overtaken by others."""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable
from typing import TypeVar

from orch_server.application.errors import OrchError, Overloaded, Unavailable
from tests.simulation.world import answers
from tests.simulation.world.calls import Call
from tests.simulation.world.checking import Checker
from tests.simulation.world.machines import Machine
from tests.simulation.world.servers import SimulatedServer
from tests.simulation.world.setup import Fault
from tests.simulation.world.world import Violation, World

R = TypeVar("R")

Use = Callable[[SimulatedServer], Awaitable[R]]

_DEADLINE_SECONDS = 3.0
_PAUSE_SECONDS = 0.3


class NoAnswerError(Exception):
    """Nobody knows whether the request was carried out."""


class Network:
    """How machines reach servers."""

    def __init__(self, world: World, servers: list[SimulatedServer], checker: Checker) -> None:
        self._world = world
        self._servers = servers
        self._checker = checker
        self.cut: dict[tuple[str, str], None] = {}
        """Pairs of machine and server that do not reach each other."""

    async def until_answered(self, machine: Machine, call: Call, use: Use[R]) -> R:
        """Send a request, again and again, until somebody answers it. Raises what the use case raises."""
        while True:
            try:
                return await self.send(machine, call, use)
            except (NoAnswerError, Unavailable, Overloaded):
                await machine.sleep(_PAUSE_SECONDS * self._world.chance.uniform(0.5, 1.5))

    async def send(self, machine: Machine, call: Call, use: Use[R], *, deadline: float = _DEADLINE_SECONDS) -> R:
        """Send a request once, to any server. Raises NoAnswerError, and what the use case raises."""
        await machine.turn()
        world = self._world
        server = world.chance.choice(self._servers)
        answer: asyncio.Future[R] = world.loop.create_future()
        for delay in self._deliveries():
            world.loop.call_later(delay, self._deliver, machine, server, call, use, answer)
        timer = world.loop.call_later(deadline, self._give_up, answer)
        try:
            return await answer
        finally:
            timer.cancel()
            await machine.turn()

    def _deliveries(self) -> list[float]:
        """When the request arrives: never, once, twice, or too late."""
        world, chance = self._world, self._world.chance
        delays = [chance.uniform(0.001, 0.01)]
        if world.happens(Fault.DOUBLED, 0.15):
            delays.append(chance.choice((chance.uniform(0.0, 0.1), chance.uniform(0.1, 12.0))))
        if world.happens(Fault.DELAYED, 0.06):
            delays[0] += chance.uniform(0.5, 15.0)
        if world.happens(Fault.LOST_REQUEST, 0.08):
            del delays[0]
        return delays

    def _deliver(
        self, machine: Machine, server: SimulatedServer, call: Call, use: Use[R], answer: asyncio.Future[R]
    ) -> None:
        if (machine.name, server.name) in self.cut:
            return
        if not server.up:
            self._world.loop.call_later(0.005, _settle, answer, NoAnswerError("the server is down"))
            return
        server.spawn(self._serve(machine, server, call, use, answer))

    async def _serve(
        self, machine: Machine, server: SimulatedServer, call: Call, use: Use[R], answer: asyncio.Future[R]
    ) -> None:
        await server.turn()
        before = self._checker.now
        outcome: R | OrchError
        with self._world.calls.under_way(call):
            try:
                outcome = await use(server)
            except OrchError as error:
                outcome = error
            except Violation:
                raise
            except Exception as error:
                raise Violation(0, f"{call.kind} ended in {error!r}") from error
            answers.check(self._world, call, outcome, before=before, after=self._checker.now)
        lost = (machine.name, server.name) in self.cut or self._world.happens(Fault.LOST_ANSWER, 0.12)
        if not lost and not answer.done():
            self._world.loop.call_later(self._world.chance.uniform(0.001, 0.01), _settle, answer, outcome)

    def _give_up(self, answer: "asyncio.Future[R]") -> None:
        _settle(answer, NoAnswerError("the deadline is over"))

    async def stream(self, machine: Machine, use: Callable[[SimulatedServer], AsyncGenerator[R]]) -> AsyncGenerator[R]:
        """What a server streams, until it ends, or the server does, or the way to it is cut."""
        await machine.turn()
        server = self._world.chance.choice(self._servers)
        if not server.up:
            await asyncio.sleep(0.005)
            raise NoAnswerError("the server is down")
        plane, items = server.plane, use(server)
        try:
            while True:
                item = await anext(items, None)
                if not server.serves(plane) or (machine.name, server.name) in self.cut:
                    raise NoAnswerError("the stream broke")
                if item is None:
                    return
                await machine.turn()
                yield item
        finally:
            await items.aclose()


def _settle(answer: "asyncio.Future[R]", outcome: "R | Exception") -> None:
    if answer.done():
        return
    if isinstance(outcome, Exception):
        answer.set_exception(outcome)
        answer.exception()  # its caller may be gone: then nobody minds
    else:
        answer.set_result(outcome)
