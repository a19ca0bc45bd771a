"""The screen's files: which are served, how long browsers keep them, and that no path leads out."""

import gzip
import shutil
from collections.abc import Mapping
from pathlib import Path

import pytest

from orch_server.web.asgi import Answer, Event, Request
from orch_server.web.static_files import StaticFiles

INDEX = b"<!doctype html><title>Orch</title>"
SCRIPT = b"console.log('orch');\n" * 200


async def nothing() -> Event:
    return {"type": "http.disconnect"}


@pytest.fixture
def files(tmp_path: Path) -> StaticFiles:
    folder = tmp_path / "static"
    (folder / "assets").mkdir(parents=True)
    (folder / "index.html").write_bytes(INDEX)
    (folder / "assets" / "index-B7k2.js").write_bytes(SCRIPT)
    (folder / "icon.svg").write_bytes(b"<svg/>")
    (folder / ".hidden.txt").write_bytes(b"secret")
    (tmp_path / "secret.txt").write_bytes(b"secret")
    (folder / "assets" / "link.txt").symlink_to(tmp_path / "secret.txt")
    return StaticFiles(folder)


async def ask(files: StaticFiles, path: str, headers: Mapping[str, str] | None = None, method: str = "GET") -> Answer:
    return await files(Request(method, path, "", headers or {}, secure=False), nothing)


def header(answer: Answer, name: str) -> str:
    return dict(answer.headers).get(name, "")


@pytest.mark.parametrize(
    "path",
    [
        *("/", "/runs", "/runs/0198c1c2-7a3b-7c11-9a55-3f5b8f0c2d11", "/index.html"),
        # Names that people gave.
        *("/flows/etl.daily", "/pools/gpu.large", "/deployments/etl.py/nightly.js"),
    ],
)
async def test_the_screens_own_addresses_are_its_index(files: StaticFiles, path: str) -> None:
    answer = await ask(files, path)

    assert (answer.status, answer.body, answer.media_type) == (200, INDEX, "text/html; charset=utf-8")
    assert header(answer, "cache-control") == "no-cache"


async def test_what_has_its_content_in_its_name_is_kept_for_ever(files: StaticFiles) -> None:
    answer = await ask(files, "/assets/index-B7k2.js")

    assert (answer.body, answer.media_type) == (SCRIPT, "text/javascript; charset=utf-8")
    assert header(answer, "cache-control") == "public, max-age=31536000, immutable"


async def test_a_browser_that_has_the_file_is_told_so(files: StaticFiles) -> None:
    etag = header(await ask(files, "/"), "etag")

    answer = await ask(files, "/", {"if-none-match": f'"other", W/{etag}'})

    assert (answer.status, answer.body) == (304, b"")


@pytest.mark.parametrize(("accepted", "packed"), [("gzip, br", True), ("br", False), ("gzip; q=0", False), ("", False)])
async def test_large_texts_are_packed_for_who_takes_them(files: StaticFiles, accepted: str, packed: bool) -> None:
    answer = await ask(files, "/assets/index-B7k2.js", {"accept-encoding": accepted})

    assert (header(answer, "content-encoding") == "gzip") is packed
    assert (gzip.decompress(answer.body) if packed else answer.body) == SCRIPT
    assert header(answer, "vary") == "Accept-Encoding"


@pytest.mark.parametrize(
    "path",
    [
        "/assets/../../secret.txt",
        "/assets/link.txt",
        "/.hidden.txt",
        "/assets/index-0000.js",
        "/assets/old/index-0000.js",
        "/\x00.txt",
        "/C:\\secret.txt",
    ],
)
async def test_a_file_that_is_not_in_the_folder_is_not_there(files: StaticFiles, path: str) -> None:
    answer = await ask(files, path)

    assert answer.status == 404
    assert b"secret" not in answer.body


@pytest.mark.parametrize("path", ["/../secret.txt", "//etc/passwd.txt", "/runs/../../secret.txt"])
async def test_no_path_leads_out_of_the_folder(files: StaticFiles, path: str) -> None:
    assert (await ask(files, path)).body == INDEX


async def test_files_can_only_be_read(files: StaticFiles) -> None:
    assert (await ask(files, "/", method="POST")).status == 405


async def test_an_installation_without_a_screen_says_so(tmp_path: Path) -> None:
    answer = await ask(StaticFiles(tmp_path / "nothing"), "/")

    assert answer.status == 404
    assert b"without its screen" in answer.body


async def test_a_screen_that_is_built_anew_is_served_at_once(files: StaticFiles, tmp_path: Path) -> None:
    await ask(files, "/")
    fresh = tmp_path / "fresh"
    (fresh / "assets").mkdir(parents=True)
    (fresh / "index.html").write_bytes(b"another")
    (fresh / "assets" / "index-C9z1.js").write_bytes(SCRIPT)
    shutil.rmtree(tmp_path / "static")
    fresh.rename(tmp_path / "static")

    assert (await ask(files, "/runs")).body == b"another"
    assert (await ask(files, "/assets/index-C9z1.js")).status == 200
    assert (await ask(files, "/assets/index-B7k2.js")).status == 404


async def test_a_part_that_is_gone_is_not_found(files: StaticFiles, tmp_path: Path) -> None:
    await ask(files, "/")
    shutil.rmtree(tmp_path / "static")

    assert (await ask(files, "/assets/index-B7k2.js")).status == 404
    assert (await ask(files, "/")).body == INDEX
