"""What is loaded once is set aside from the garbage collector, and a script's own things are not."""

import subprocess
import sys

import pytest

LOADS = "import orch_server.embedded"


def said(*lines: str) -> str:
    """What a new Python says after these lines."""
    program = "\n".join(("import gc, weakref", *lines))
    return subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout.strip()


def test_a_short_script_pays_once() -> None:
    assert said(LOADS, "print(gc.get_freeze_count() > 50_000, gc.isenabled())") == "True True"


def test_a_script_with_much_of_its_own_keeps_its_collector() -> None:
    much = "many = [[] for _ in range(60_000)]"

    assert said(much, LOADS, "print(gc.get_freeze_count(), gc.isenabled())") == "0 True"


@pytest.mark.parametrize(("count", "answer"), [(1_000, "True"), (200_000, "False")])
def test_what_comes_meanwhile_is_not_set_aside_if_it_is_much(count: int, answer: str) -> None:
    meanwhile = f"with loading(): many = [[] for _ in range({count})]"

    assert said("from orch_server.collector import loading", meanwhile, "print(gc.get_freeze_count() > 0)") == answer


def test_garbage_from_before_is_collected() -> None:
    assert (
        said(
            "class Node: pass",
            "node = Node(); node.me = node; seen = weakref.ref(node); del node",
            LOADS,
            "print(seen() is None)",
        )
        == "True"
    )


def test_what_comes_afterwards_is_collected() -> None:
    assert (
        said(
            LOADS,
            "class Node: pass",
            "node = Node(); node.me = node; seen = weakref.ref(node); del node; gc.collect()",
            "print(seen() is None)",
        )
        == "True"
    )


def test_a_collector_that_is_off_stays_off() -> None:
    assert said("gc.disable()", LOADS, "print(gc.isenabled(), gc.get_freeze_count())") == "False 0"
