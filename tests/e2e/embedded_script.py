"""A script of a user, as far as the embedded control plane sees it: `embedded_script.py WAY HOME`, with "go" on stdin.

race     opens the home together with others, runs some flows one after another, and closes it
at_exit  has its event loop in a background thread, and writes its last words when the interpreter ends
fork     has a child that is forked off while the home is open
"""

import asyncio
import atexit
import os
import sys
import threading
from pathlib import Path

from orch_client import OrchClientError
from orch_proto.v1.server_service_pb2 import GetServerInfoRequest
from orch_server.embedded import EmbeddedPlane, open_embedded
from tests.rpc.embedded.process import ACCEPTED, COMPLETED, Process

RUNS = 3


async def run_flows(plane: EmbeddedPlane) -> None:
    """Each with a task and a line in its log."""
    process = Process.on(plane)
    for _ in range(RUNS):
        lease = await process.start()
        await process.report_tasks(lease, 1)
        await process.say(lease, 0, "hello")
        assert await process.report(lease, 1, COMPLETED) == ACCEPTED


async def race(home: Path) -> None:
    """Side by side with others."""
    plane = await open_embedded(home)
    await run_flows(plane)
    await plane.close()


def at_exit(home: Path) -> None:
    """As the SDK does it: the main thread knows nothing of event loops."""
    loop = asyncio.new_event_loop()
    threading.Thread(target=loop.run_forever, daemon=True).start()
    plane = asyncio.run_coroutine_threadsafe(open_embedded(home), loop).result()

    async def last_words() -> None:
        await run_flows(plane)
        await plane.close()

    atexit.register(lambda: asyncio.run_coroutine_threadsafe(last_words(), loop).result())


async def fork(home: Path) -> None:
    """The child is refused; the parent goes on."""
    plane = await open_embedded(home)
    child = os.fork()
    if child == 0:
        try:
            plane.get_server_info(GetServerInfoRequest()).send(None)
        except OrchClientError as error:
            os._exit(0 if error.reason == "FORKED" else 1)
        os._exit(2)
    _, status = os.waitpid(child, 0)  # noqa: ASYNC222 - it ends at once
    await run_flows(plane)
    await plane.close()
    sys.exit(os.waitstatus_to_exitcode(status))


def main() -> None:
    """Says "ready" first, so that many can be let go at one moment."""
    way, home = sys.argv[1], Path(sys.argv[2])
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    sys.stdin.readline()
    if way == "at_exit":
        at_exit(home)
    else:
        asyncio.run({"race": race, "fork": fork}[way](home))


if __name__ == "__main__":
    main()
