"""A server says that it is there, and takes that back when it goes."""

import logging
from pathlib import Path

import pytest

from orch_client.local_server import FILE_NAME, find_local_server, read_local_server
from orch_server.presence import present
from orch_server.rpc.endpoint import Endpoint

URL = "http://127.0.0.1:4201"


def test_it_is_found_while_it_lasts_and_only_then(tmp_path: Path) -> None:
    home = tmp_path / "home"

    with present(home, url=URL, version="1"):
        found = find_local_server(home)
        assert found is not None
        assert found.target == "127.0.0.1:4201"
        assert (home / FILE_NAME).stat().st_mode & 0o777 == 0o600

    assert not list(home.iterdir())


def test_what_a_dead_server_left_is_replaced(tmp_path: Path) -> None:
    (tmp_path / FILE_NAME).write_text("left behind")

    with present(tmp_path, url=URL, version="2"):
        found = read_local_server(tmp_path)

    assert found is not None
    assert found.version == "2"


def test_a_server_that_goes_leaves_a_later_ones_word(tmp_path: Path) -> None:
    with present(tmp_path, url=URL, version="1"):
        with present(tmp_path, url="http://127.0.0.1:4202", version="1"):
            pass
        again = find_local_server(tmp_path)
        assert again is not None, "it is found once more when the later one has gone"
        assert again.target == "127.0.0.1:4201"
    assert find_local_server(tmp_path) is None

    with present(tmp_path, url="http://127.0.0.1:4202", version="1"):
        earlier = (tmp_path / FILE_NAME).read_text()
    with present(tmp_path, url=URL, version="1"):
        (tmp_path / FILE_NAME).write_text(earlier)
    found = read_local_server(tmp_path)
    assert found is not None
    assert found.url == "http://127.0.0.1:4202"


def test_where_it_cannot_be_said_the_server_serves_all_the_same(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    home = tmp_path / "file"
    home.write_text("not a directory")

    with caplog.at_level(logging.INFO), present(home, url=URL, version="1"):
        pass

    assert "scripts will not find this server by themselves" in caplog.text


@pytest.mark.parametrize(
    ("host", "url"),
    [
        ("0.0.0.0", "http://127.0.0.1:4201"),
        ("::", "http://[::1]:4201"),
        ("127.0.0.1", "http://127.0.0.1:4201"),
        ("orch.example.com", "http://orch.example.com:4201"),
    ],
)
def test_a_program_of_this_machine_needs_one_address(host: str, url: str) -> None:
    assert Endpoint(host=host).local_url() == url
