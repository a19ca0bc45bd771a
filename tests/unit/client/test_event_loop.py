"""The loop of the server, and of scripts that report to one."""

import asyncio
import subprocess
import sys

import pytest

from orch_client.event_loop import quickest_loop

_AT_THE_END = """
import threading

from orch_client.event_loop import quickest_loop


def late() -> None:
    threading.main_thread().join()
    print(quickest_loop())


threading.Thread(target=late).start()
"""


async def _its_module() -> str:
    return type(asyncio.get_running_loop()).__module__


def _module() -> str:
    with asyncio.Runner(loop_factory=quickest_loop()) as runner:
        return runner.run(_its_module())


@pytest.mark.skipif(sys.platform == "win32", reason="uvloop is not made for Windows")
def test_it_is_uvloop() -> None:
    assert _module() == "uvloop"


def test_without_it_asyncios_own_loop_serves(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "uvloop", None)

    assert _module().startswith("asyncio")


def test_an_interpreter_that_shuts_down_has_asyncios_own() -> None:
    ended = subprocess.run([sys.executable, "-c", _AT_THE_END], capture_output=True, text=True, check=True)

    assert (ended.stdout, ended.stderr) == ("None\n", "")
