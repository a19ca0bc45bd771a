"""What is read of processes and database every few seconds."""

from collections.abc import Mapping
from contextlib import suppress

import asyncpg
import psutil

_MEGABYTE = 1024 * 1024
# Of a table that is partitioned by day, all partitions together.
_TABLES = """
SELECT coalesce(parent.relname, own.relname) AS name,
       sum(pg_table_size(own.oid)) AS table_bytes, sum(pg_indexes_size(own.oid)) AS index_bytes,
       sum(stats.n_live_tup) AS live, sum(stats.n_dead_tup) AS dead
FROM pg_stat_user_tables AS stats JOIN pg_class AS own ON own.oid = stats.relid
LEFT JOIN pg_inherits AS inherits ON inherits.inhrelid = own.oid
LEFT JOIN pg_class AS parent ON parent.oid = inherits.inhparent
WHERE own.relkind = 'r' GROUP BY 1
"""
_CONNECTIONS = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
_WAITING = "SELECT count(*) FROM flow_run WHERE state_type = 1 AND scheduled_time <= now()"


def of_processes(processes: Mapping[str, int]) -> dict[str, float]:
    """Memory, files, threads and processor time of each, by its name. Raises psutil.NoSuchProcess where one is gone."""
    found: dict[str, float] = {}
    for name, pid in processes.items():
        process = psutil.Process(pid)
        times = process.cpu_times()
        found[f"memory_mb.{name}"] = round(process.memory_info().rss / _MEGABYTE, 2)
        found[f"files.{name}"] = process.num_fds()
        found[f"threads.{name}"] = process.num_threads()
        found[f"cpu_seconds.{name}"] = round(times.user + times.system, 2)
    return found


def warm_interpreter_of(worker_pid: int) -> Mapping[str, int]:
    """The process that a worker's runs are forked from. It leaves the worker's family, and is known by its home; runs,
    which have the same, are younger."""
    home = psutil.Process(worker_pid).environ()["ORCH_HOME"]
    found: list[tuple[float, int]] = []
    for process in psutil.process_iter():
        with suppress(psutil.Error):
            if process.pid != worker_pid and process.environ().get("ORCH_HOME") == home:
                found.append((process.create_time(), process.pid))
    return {"warm_interpreter": min(found)[1]} if found else {}


def cost_of_a_run(earlier: Mapping[str, float], sample: Mapping[str, float]) -> dict[str, float]:
    """Processor time that each process has spent on a run since the earlier sample: what others do on the machine moves
    it by little. Nothing where no run has ended meanwhile, or the process is another one."""
    runs = sample["runs"] - earlier.get("runs", sample["runs"])
    spent = {
        name.partition(".")[2]: seconds - earlier[name]
        for name, seconds in sample.items()
        if name.startswith("cpu_seconds.") and name in earlier
    }
    return {f"cpu_ms_a_run.{name}": 1000 * seconds / runs for name, seconds in spent.items() if runs and seconds >= 0}


async def of_database(connection: asyncpg.Connection) -> dict[str, float]:
    """Sizes, rows, connections, and runs that are due and not started."""
    found: dict[str, float] = {
        "connections": await connection.fetchval(_CONNECTIONS),
        "waiting_runs": await connection.fetchval(_WAITING),
    }
    tables, indexes = 0.0, 0.0
    for row in await connection.fetch(_TABLES):
        name, table, index = row["name"], row["table_bytes"] / _MEGABYTE, row["index_bytes"] / _MEGABYTE
        found[f"table_mb.{name}"], found[f"index_mb.{name}"] = round(float(table), 3), round(float(index), 3)
        found[f"rows.{name}"], found[f"dead_tuples.{name}"] = int(row["live"]), int(row["dead"])
        tables, indexes = tables + float(table), indexes + float(index)
    return found | {"table_mb.all": round(tables, 3), "index_mb.all": round(indexes, 3)}
