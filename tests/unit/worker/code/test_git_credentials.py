"""Private repositories: the credential gets to the host, and nowhere else.

The server hands out the repository's files as they are ("dumb" HTTP), which has no single commits: so these tests also
see a server that must be asked for everything.
"""

import base64
import shutil
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest

from orch_worker.code import CodeError
from tests.unit.worker.code.conftest import Machine, Repository

TOKEN = "t0ken/with?signs"


@dataclass
class Host:
    """A web server that shows a folder to who brings the token."""

    url: str
    users: list[str] = field(default_factory=list)
    """Who came with the right token."""


@pytest.fixture
def host(repository: Repository, tmp_path: Path) -> Iterator[Host]:
    bare = tmp_path / "www" / "etl.git"
    repository.git("clone", "--quiet", "--bare", repository.url, str(bare))
    Repository(bare).git("update-server-info")
    found = Host("")

    class Guarded(SimpleHTTPRequestHandler):
        def do_GET(self) -> None:
            given = self.headers.get("Authorization", "").removeprefix("Basic ")
            user, _, password = base64.b64decode(given).decode().partition(":")
            if password == TOKEN:
                found.users.append(user)
                super().do_GET()
                return
            self.send_response(401)
            self.send_header("WWW-Authenticate", 'Basic realm="code"')
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Says nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), partial(Guarded, directory=str(tmp_path / "www"))) as server:
        found.url = f"http://127.0.0.1:{server.server_port}/etl.git"
        thread = Thread(target=server.serve_forever)
        thread.start()
        yield found
        server.shutdown()
        thread.join()


async def test_a_variable_holds_the_token(machine: Machine, host: Host) -> None:
    machine.environment["CODE_TOKEN"] = TOKEN
    prepared = await machine.prepare({"step": "git", "url": host.url, "credential": "CODE_TOKEN"})
    assert prepared.folder is not None
    assert (prepared.folder / "flow.py").read_text() == "version = 1\n"
    assert set(host.users) == {"x-access-token"}


async def test_a_file_holds_user_and_token(machine: Machine, host: Host, tmp_path: Path) -> None:
    (tmp_path / "secret").write_text(f"ada:{TOKEN}\n")
    await machine.prepare({"step": "git", "url": host.url, "credential": str(tmp_path / "secret")})
    assert set(host.users) == {"ada"}


async def test_no_command_line_no_text_and_no_file_has_the_token(machine: Machine, host: Host, tmp_path: Path) -> None:
    # A git that writes down how it was called, before it does as it was told.
    (tmp_path / "bin").mkdir()
    shim = tmp_path / "bin" / "git"
    shim.write_text(f'#!/bin/sh\necho "$@" >> {tmp_path}/calls\nexec {shutil.which("git")} "$@"\n')
    shim.chmod(0o755)
    machine.environment |= {"CODE_TOKEN": TOKEN, "PATH": f"{tmp_path / 'bin'}:{machine.environment['PATH']}"}

    prepared = await machine.prepare({"step": "git", "url": host.url, "credential": "CODE_TOKEN"})

    calls = (tmp_path / "calls").read_text()
    assert "fetch" in calls
    assert prepared.folder is not None
    written = [path.read_text(errors="replace") for path in prepared.folder.rglob("*") if path.is_file()]
    assert not any(TOKEN in text for text in [calls, *machine.told, *written])


async def test_another_host_does_not_see_the_token(machine: Machine, host: Host, repository: Repository) -> None:
    """A submodule may name any host; this one is the same server by another name."""
    elsewhere = host.url.replace("127.0.0.1", "localhost")
    (repository.folder / ".gitmodules").write_text(f'[submodule "m"]\n\tpath = m\n\turl = {elsewhere}\n')
    commit = repository.git("rev-parse", "HEAD")
    repository.git("add", ".gitmodules")
    repository.git("update-index", "--add", "--cacheinfo", f"160000,{commit},m")
    repository.git("commit", "--quiet", "--message", "a part from elsewhere")
    bare = repository.folder.parent / "www" / "etl.git"
    repository.git("push", "--quiet", str(bare), "main")
    Repository(bare).git("update-server-info")
    machine.environment["CODE_TOKEN"] = TOKEN
    step = {"step": "git", "url": host.url, "credential": "CODE_TOKEN"}

    await machine.prepare(step)
    with pytest.raises(CodeError, match="wants a credential"):
        await machine.prepare({**step, "submodules": True})


@pytest.mark.parametrize(
    ("credential", "value", "words"),
    [
        (None, "", "It wants a credential, or refuses the one it got"),
        ("CODE_TOKEN", "wrong-token", "It wants a credential, or refuses the one it got"),
        ("CODE_TOKEN", " ", "The credential CODE_TOKEN is empty"),
        ("OTHER_TOKEN", "x", "the variable OTHER_TOKEN, which the worker's environment does not have"),
        ("/nowhere/token", "x", "The credential /nowhere/token cannot be read"),
    ],
)
async def test_a_credential_that_does_not_do_is_told(
    credential: str | None, value: str, words: str, machine: Machine, host: Host
) -> None:
    machine.environment["CODE_TOKEN"] = value
    with pytest.raises(CodeError) as refused:
        await machine.prepare({"step": "git", "url": host.url, "credential": credential})
    assert words in str(refused.value)
    assert "wrong-token" not in str(refused.value)


async def test_for_ssh_the_credential_is_a_key(machine: Machine) -> None:
    with pytest.raises(CodeError, match="it is the path of a private key"):
        await machine.prepare({"step": "git", "url": "git@localhost:etl.git", "credential": "CODE_TOKEN"})
