"""Keeps the garbage collector from looking through what is loaded once and stays: that takes a fifth of a short script,
and of a server's start.

Loading makes a hundred thousand objects. While they are made, nothing is collected; afterwards they are set aside
(`gc.freeze`), so that neither a later collection nor the interpreter's end looks at them. What the script itself had at
that moment is set aside with them, so this is done only where that is little; garbage is collected before.
"""

import gc
from collections.abc import Iterator
from contextlib import contextmanager

SMALL = 50_000
"""Objects of a script that has loaded little besides Orch."""
_OURS = 120_000
"""More than loading makes by itself."""


@contextmanager
def loading() -> Iterator[None]:
    """Around imports of what stays. A collector that is switched off stays off, and then nothing is set aside."""
    if not gc.isenabled():
        yield
        return
    little = len(gc.get_objects()) < SMALL
    if little:
        gc.collect()
    gc.disable()
    try:
        yield
    finally:
        if little and len(gc.get_objects()) < SMALL + _OURS:
            gc.freeze()
        gc.enable()
