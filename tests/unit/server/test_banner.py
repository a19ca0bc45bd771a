"""The first thing the server says."""

import io
import logging
from dataclasses import replace

import pytest

from orch_server.banner import Started, announce

STARTED = Started(
    version="1.2.3",
    url="http://127.0.0.1:4201",
    http_url="http://127.0.0.1:4200",
    http_port_wanted=4200,
    database="postgresql://ada:***@db/orch",
    api_keys=0,
    tls=False,
    client_certificates=False,
    loopback=True,
)


def test_a_person_reads_address_database_key_and_how_to_stop(caplog: pytest.LogCaptureFixture) -> None:
    stream = io.StringIO()

    announce(STARTED, human=True, stream=stream)

    text = stream.getvalue()
    assert all(
        part in text for part in ("1.2.3", STARTED.url, STARTED.http_url, STARTED.database, "API key   off", "Ctrl-C")
    )
    assert not caplog.records


def test_a_machine_reads_one_event(caplog: pytest.LogCaptureFixture) -> None:
    stream = io.StringIO()
    with caplog.at_level(logging.INFO, logger="orch_server"):
        announce(replace(STARTED, api_keys=2), human=False, stream=stream)

    (record,) = caplog.records
    assert stream.getvalue() == ""
    assert record.getMessage() == "server started"
    assert vars(record)["url"] == STARTED.url
    assert vars(record)["api_key"] is True


def test_an_open_door_and_a_line_that_can_be_overheard_are_warned_of(caplog: pytest.LogCaptureFixture) -> None:
    announce(replace(STARTED, loopback=False), human=True, stream=io.StringIO())

    assert [record.getMessage() for record in caplog.records] == ["open to everyone", "calls are not encrypted"]


def test_another_port_for_http_than_the_usual_one_is_warned_of(caplog: pytest.LogCaptureFixture) -> None:
    announce(replace(STARTED, http_url="http://127.0.0.1:40123"), human=True, stream=io.StringIO())

    (record,) = caplog.records
    assert record.getMessage() == "HTTP has another port"
    assert (vars(record)["wanted"], vars(record)["http_url"]) == (4200, "http://127.0.0.1:40123")


def test_a_port_that_was_any_is_no_surprise(caplog: pytest.LogCaptureFixture) -> None:
    announce(replace(STARTED, http_port_wanted=0, http_url="http://127.0.0.1:40123"), human=True, stream=io.StringIO())

    assert not caplog.records
