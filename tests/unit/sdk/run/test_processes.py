"""How the process of a run begins and ends: tickets, parameters, what is loaded beforehand, what happens in the end."""

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from orch.errors import ParameterBindError
from orch.run.parameters import parameters_of
from orch.run.ticket import Ticket, TicketError

TICKET = {
    "ORCH_API_URL": "http://127.0.0.1:4201",
    "ORCH_FLOW_RUN_ID": "01890000-0000-7000-8000-000000000000",
    "ORCH_LEASE_TOKEN": "7",
    "ORCH_ENTRYPOINT": "etl.py:etl",
}


def test_a_ticket_is_read() -> None:
    assert Ticket.read(TICKET) == Ticket("01890000-0000-7000-8000-000000000000", 7, "etl.py:etl")


@pytest.mark.parametrize("name", list(TICKET))
def test_a_ticket_without_what_it_needs_is_refused(name: str) -> None:
    with pytest.raises(TicketError, match=f"^{name} is not set"):
        Ticket.read({**TICKET, name: " "})


@pytest.mark.parametrize("token", ["0", "-1", "x", "²", "1.5"])
def test_a_token_is_a_number(token: str) -> None:
    with pytest.raises(TicketError, match="ORCH_LEASE_TOKEN"):
        Ticket.read({**TICKET, "ORCH_LEASE_TOKEN": token})


def with_rest(first: int, /, second: int = 2, *more: int, third: int = 3, **rest: int) -> None:
    """All kinds of parameters."""


def plain(first: int, second: int = 2) -> None:
    """The usual ones."""


@pytest.mark.parametrize(
    ("function", "text", "named"),
    [
        (plain, '{"first": 1}', {"first": 1, "second": 2}),
        (plain, '{"second": 5, "first": 1}', {"first": 1, "second": 5}),
        (with_rest, '{"first": 1}', {"first": 1, "second": 2, "more": (), "third": 3, "rest": {}}),
        (
            with_rest,
            '{"first": 1, "second": 4, "more": [5, 6], "fourth": 7, "rest": {"fifth": 8}}',
            {"first": 1, "second": 4, "more": (5, 6), "third": 3, "rest": {"fifth": 8, "fourth": 7}},
        ),
        (with_rest, '{"first": 1, "rest": 9}', {"first": 1, "second": 2, "more": (), "third": 3, "rest": {"rest": 9}}),
    ],
)
def test_json_becomes_what_the_flow_is_called_with(
    function: Callable[..., Any], text: str, named: dict[str, object]
) -> None:
    assert parameters_of(function, text) == named


@pytest.mark.parametrize(("text", "said"), [("{}", "'first'"), ('{"first": 1, "x": 2}', "'x'"), ("[1]", "JSON object")])
def test_json_that_does_not_fit_is_refused(text: str, said: str) -> None:
    with pytest.raises(ParameterBindError, match=said):
        parameters_of(plain, text)


def python(code: str, folder: Path) -> "subprocess.CompletedProcess[str]":
    """A new Python that runs code."""
    return subprocess.run(
        [sys.executable, "-c", code],
        cwd=folder,
        env={"ORCH_HOME": str(folder / "home")},
        capture_output=True,
        text=True,
        timeout=50,
        check=False,
    )


def test_what_is_warm_has_no_threads_and_knows_no_settings(tmp_path: Path) -> None:
    done = python(
        "import os, sys, orch.run.warm, orch.settings\n"
        "print(len(os.listdir('/proc/self/task')), orch.settings._current)\n"
        "print('grpc' in sys.modules, 'orch_server' in sys.modules, 'sqlite3' in sys.modules)\n",
        tmp_path,
    )

    assert done.stdout.splitlines() == ["1 None", "True False False"], done.stderr
    assert not (tmp_path / "home").exists()


def test_only_children_of_a_process_that_is_just_warm_use_grpc(tmp_path: Path) -> None:
    done = python(
        "import os, sys, orch.run.warm\n"
        "from orch.recording.recorder import is_forked_from_grpc\n"
        "def child():\n"
        "    if os.fork() == 0:\n"
        "        return\n"
        "    os._exit(os.waitstatus_to_exitcode(os.wait()[1]))\n"
        "child(); print(is_forked_from_grpc(), flush=True)\n"
        "child(); print(is_forked_from_grpc(), flush=True)\n",
        tmp_path,
    )

    assert done.stdout.splitlines() == ["False", "True"], done.stderr
