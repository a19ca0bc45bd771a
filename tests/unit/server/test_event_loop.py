"""The loop that the server runs on."""

import asyncio
import sys

import pytest

from orch_server import event_loop


async def _its_module() -> str:
    return type(asyncio.get_running_loop()).__module__


@pytest.mark.skipif(sys.platform == "win32", reason="uvloop is not made for Windows")
def test_the_server_runs_on_uvloop() -> None:
    assert event_loop.run(_its_module()) == "uvloop"


def test_without_it_asyncios_own_loop_serves(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "uvloop", None)

    assert event_loop.run(_its_module()).startswith("asyncio")
