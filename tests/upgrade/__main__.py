"""Records what a version writes: `make record-schema`, or `python -m tests.upgrade COMMIT` for an earlier one.

The commit's own server runs from its own sources, on SQLite and on PostgreSQL; it is spoken to by the contract that it
serves, and stopped. Its database is dumped and stored under the revision of the schema that it had.
"""

import io
import os
import re
import subprocess
import sys
import tarfile
import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Final

import grpc

from tests.support.postgres import running_postgres
from tests.support.started_server import started_server
from tests.upgrade.dumps import dump_postgres, dump_sqlite
from tests.upgrade.older_client import Json, OlderClient, served_contract
from tests.upgrade.questions import ask_all, questions
from tests.upgrade.recordings import KINDS, Kind, Recording
from tests.upgrade.scene import Facts, make_scene

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.support.postgres import PostgresServer

_ROOT: Final = Path(__file__).resolve().parents[2]
_SOURCES: Final = ("proto/gen/python", "sdk", "server", "worker", "clients/python", "clients/cli")
_REVISION: Final = re.compile(r"INSERT INTO \"?(?:public\.)?alembic_version\"? VALUES ?\('(\d+)'\)")


def main(commit: str) -> None:
    """Record a commit, on both databases."""
    name = _git("rev-parse", "--short", commit).decode().strip()
    with tempfile.TemporaryDirectory(prefix="orch-upgrade-") as folder, running_postgres() as postgres:
        sources = Path(folder) / "sources"
        with tarfile.open(fileobj=io.BytesIO(_git("archive", commit, *_present(commit)))) as archive:
            archive.extractall(sources, filter="data")
        for kind in KINDS:
            home = Path(folder) / kind
            home.mkdir()
            _record(name, kind, sources=sources, home=home, postgres=postgres)


def _record(commit: str, kind: Kind, *, sources: Path, home: Path, postgres: "PostgresServer") -> None:
    with _database(kind, postgres) as url:
        options = ("--database-url", url) if url else ()
        path = os.pathsep.join(str(sources / folder) for folder in _SOURCES)
        with started_server(home, *options, environment={"PYTHONPATH": path}) as server:
            with grpc.insecure_channel(server.address) as channel:
                contract, facts, answers = _play(channel)
            if failed := server.errors():
                raise SystemExit(f"The server of {commit} reports errors: {failed}")
        script = dump_postgres(url) if url else dump_sqlite(home / "orch.db")
    found = _REVISION.search(script)
    if found is None:
        raise SystemExit("The database says no revision.")
    recording = Recording(found.group(1), kind)
    recording.write(commit=commit, contract=contract, script=script, facts=facts, answers=answers)
    sys.stdout.write(
        f"{recording.folder.relative_to(_ROOT)}: {kind}, {len(answers)} answers, {len(script)} characters\n"
    )


def _play(channel: grpc.Channel) -> tuple[bytes, Facts, list[Json]]:
    contract = served_contract(channel)
    client = OlderClient(contract, channel)
    facts = make_scene(client)
    return contract, facts, ask_all(client, questions(client, facts))


@contextmanager
def _database(kind: Kind, postgres: "PostgresServer") -> "Iterator[str]":
    """The URL of a new database on PostgreSQL; empty for the server's own, on SQLite."""
    if kind == "sqlite":
        yield ""
        return
    with postgres.database() as url:
        yield url


def _present(commit: str) -> list[str]:
    return [folder for folder in _SOURCES if _git("ls-tree", "--name-only", commit, folder)]


def _git(*arguments: str) -> bytes:
    return subprocess.run(["git", *arguments], cwd=_ROOT, check=True, stdout=subprocess.PIPE).stdout


if __name__ == "__main__":
    main(sys.argv[1] if len(sys.argv) > 1 else "HEAD")
