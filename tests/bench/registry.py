"""Every bench by its name, and what must be known of it to run it."""

from tests.bench import (
    command_line,
    dispatch,
    docker_runs,
    heartbeats,
    imports,
    lifecycle,
    lifecycle_batched,
    list_runs,
    logs,
    machine,
    schedules,
    screen,
    sdk,
    server,
    streams,
    tasks,
)
from tests.bench.laboratory import Bench
from tests.bench.peers import measuring

BENCHES: dict[str, Bench] = {
    "machine": machine.bench,
    "import": imports.bench,
    "command_line": command_line.bench,
    "hello": sdk.hello,
    "no_op_tasks": sdk.no_op_tasks,
    "scripts_at_once": sdk.many_scripts,
    "server": server.bench,
    "lifecycle": lifecycle.concurrent,
    "lifecycle_single": lifecycle.single,
    "lifecycle_batched": lifecycle_batched.bench,
    "heartbeats": heartbeats.bench,
    "tasks": tasks.bench,
    "logs": logs.bench,
    "streams": streams.bench,
    "schedules": schedules.bench,
    "list": list_runs.bench,
    "screen": screen.bench,
    "worker": dispatch.bench,
    "docker": docker_runs.bench,
    "peers": measuring.bench,
}
ON_REQUEST: dict[str, Bench] = {"lifecycle_channels": lifecycle.concurrent_channels}
"""Run only where they are named."""
POSTGRES_ONLY = frozenset({"schedules", "list", "screen"})
"""They fill tables with Postgres' own SQL."""
EMBEDDED = frozenset({"import", "command_line", "hello", "scripts_at_once"})
"""They need no server, so that none of its databases has to be started for them."""
UNCOMPARED = frozenset({"machine", "peers"})
"""They measure nothing of Orch."""
LONGEST_SECONDS = 60
LONGER_SECONDS = {
    "machine": 120,
    "streams": 180,
    "list": 120,
    "no_op_tasks": 180,
    "worker": 180,
    "docker": 400,
    "screen": 600,
    "peers": 900,
}
"""Filling the database takes half a minute; Prefect takes its time."""
