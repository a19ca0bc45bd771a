"""`python -m tests.bench.limit_server DATABASE_URL`: the least that a server can do that keeps runs on Postgres.

Four calls (create, acquire, running, completed), each answered once it is committed, and nothing else: no checks, no
tokens, no history, no messages. A call's body is the ids of runs, 16 bytes each. Calls of a kind that come while its
last statement is under way share the next one (group commit), and each kind has a connection of its own, so that
commits share the disk's flush. What this reaches, no server in Python can surpass that makes the same calls on the same
machine. Prints its address and serves.
"""

import asyncio
import sys
from uuid import UUID

import asyncpg
import grpc
import uvloop

SERVICE = "bench.Limit"
TABLE = """
CREATE TABLE bench_run (id uuid PRIMARY KEY, state int NOT NULL);
CREATE INDEX bench_run_waiting ON bench_run (id) WHERE state = 1
"""
_ACQUIRE = """
UPDATE bench_run SET state = 2 WHERE id IN (
    SELECT id FROM bench_run WHERE state = 1 ORDER BY id LIMIT cardinality($1::uuid[]) FOR UPDATE SKIP LOCKED
) RETURNING id
"""
STATEMENTS = {
    "Create": "INSERT INTO bench_run SELECT id, 1 FROM unnest($1::uuid[]) AS id RETURNING id",
    "Acquire": _ACQUIRE,
    "Running": "UPDATE bench_run SET state = 3 WHERE id = ANY($1::uuid[]) RETURNING id",
    "Completed": "UPDATE bench_run SET state = 6 WHERE id = ANY($1::uuid[]) RETURNING id",
}
"""By method; each answers with the runs that it has changed."""
_ID_BYTES = 16


class Lane:
    """The calls of one kind. Those that wait together go together."""

    def __init__(self, connection: asyncpg.Connection, statement: str) -> None:
        self._connection = connection
        self._statement = statement
        self._waiting: list[tuple[list[UUID], asyncio.Future[bytes]]] = []
        self._some = asyncio.Event()

    async def call(self, request: bytes, context: object) -> bytes:
        """Answers when it is committed."""
        answer: asyncio.Future[bytes] = asyncio.get_running_loop().create_future()
        self._waiting.append((_ids(request), answer))
        self._some.set()
        return await answer

    async def run(self) -> None:
        """Until cancelled."""
        statement = await self._connection.prepare(self._statement)
        while True:
            await self._some.wait()
            self._some.clear()
            group, self._waiting = self._waiting, []
            found = await statement.fetch([one for ids, _ in group for one in ids])
            changed = [row[0].bytes for row in found]
            for ids, answer in group:
                answer.set_result(b"".join(changed[: len(ids)]))
                del changed[: len(ids)]


def _ids(request: bytes) -> list[UUID]:
    return [UUID(bytes=request[begin : begin + _ID_BYTES]) for begin in range(0, len(request), _ID_BYTES)]


async def main(url: str) -> None:
    """Serve until killed."""
    lanes = {method: Lane(await asyncpg.connect(url), statement) for method, statement in STATEMENTS.items()}
    server = grpc.aio.server(options=[("grpc.max_receive_message_length", 64 * 1024 * 1024)])
    handlers: dict[str, grpc.RpcMethodHandler[bytes, bytes]] = {
        method: grpc.unary_unary_rpc_method_handler(lane.call) for method, lane in lanes.items()
    }
    server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler(SERVICE, handlers),))
    port = server.add_insecure_port("127.0.0.1:0")
    await server.start()
    print(f"127.0.0.1:{port}", flush=True)
    async with asyncio.TaskGroup() as group:
        for lane in lanes.values():
            group.create_task(lane.run())


if __name__ == "__main__":
    uvloop.run(main(sys.argv[1]))
