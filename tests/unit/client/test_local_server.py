"""A script finds the server of its home, and never a process that merely has the number of a dead one."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from orch_client.local_server import FILE_NAME, LocalServer, find_local_server, read_local_server
from orch_client.processes import process_mark


@pytest.fixture
def process() -> Iterator[subprocess.Popen[bytes]]:
    """A process that lives until its stdin is closed."""
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE, stderr=subprocess.DEVNULL) as made:
        yield made


def written(home: Path, **fields: object) -> LocalServer:
    """A file as a server in this process would write it, but for the fields given."""
    usual = LocalServer(url="http://127.0.0.1:4201", process_id=os.getpid(), process_mark=process_mark(), version="1")
    content = json.loads(usual.text()) | fields
    (home / FILE_NAME).write_text(json.dumps(content))
    return usual


def test_a_living_server_is_found(tmp_path: Path) -> None:
    server = written(tmp_path)

    found = find_local_server(tmp_path)

    assert found is not None
    assert (found.host, found.port, found.secure) == ("127.0.0.1", 4201, False)
    assert read_local_server(tmp_path) == server


def test_without_a_file_there_is_none(tmp_path: Path) -> None:
    assert find_local_server(tmp_path) is None
    assert find_local_server(tmp_path / "nowhere") is None


@pytest.mark.parametrize(
    "fields",
    [
        {"process_mark": "another"},
        {"process_mark": ""},
        {"process_id": 2**22 + 1},
        {"process_id": 0},
        {"url": "nowhere"},
    ],
    ids=str,
)
def test_what_is_not_that_server_is_not_found(tmp_path: Path, fields: dict[str, object]) -> None:
    written(tmp_path, **fields)

    assert find_local_server(tmp_path) is None


@pytest.mark.parametrize("content", ["", "{", "[]", '"text"', "{}", '{"url": 1, "process_id": "x"}', "\ud800"])
def test_a_file_that_says_nothing_of_use_is_ignored(tmp_path: Path, content: str) -> None:
    (tmp_path / FILE_NAME).write_bytes(content.encode("utf-8", "surrogatepass"))

    assert find_local_server(tmp_path) is None


def test_a_process_has_one_mark_for_life(process: subprocess.Popen[bytes]) -> None:
    mark = process_mark(process.pid)

    assert mark
    assert mark == process_mark(process.pid)
    assert mark != process_mark()


def test_an_ended_process_has_none(process: subprocess.Popen[bytes], tmp_path: Path) -> None:
    written(tmp_path, process_id=process.pid, process_mark=process_mark(process.pid))
    assert find_local_server(tmp_path) is not None

    process.kill()
    while process_mark(process.pid):  # until it has ended; nobody waits for it yet, so it is a zombie then
        pass
    assert find_local_server(tmp_path) is None

    process.wait()
    assert process_mark(process.pid) == ""


def test_looking_for_a_server_loads_nothing_heavy(tmp_path: Path) -> None:
    program = (
        "import sys; from pathlib import Path; from orch_client.local_server import find_local_server;"
        f" assert find_local_server(Path({str(tmp_path)!r})) is None;"
        " print({'grpc', 'google', 'asyncio', 'orch_client.address'} & set(sys.modules))"
    )

    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)

    assert done.stdout.strip() == "set()"
