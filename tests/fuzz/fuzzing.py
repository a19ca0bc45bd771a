"""How tests of this folder run: small and the same each time in the suite, long and by chance in `make fuzz`.

ORCH_FUZZ_FACTOR multiplies the examples of each test, and lets pytest's --hypothesis-seed choose them.
"""

import os
import resource
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Final, TypeVar

from hypothesis import HealthCheck, settings

E = TypeVar("E", bound=Exception)


_FACTOR: Final = int(os.environ.get("ORCH_FUZZ_FACTOR", "1"))
_KIBIBYTE: Final = 1024
CPU_SECONDS: Final = 2.0
"""That one input may take of a processor. Nothing here needs a tenth of it; a hang needs all there is."""
MEMORY_BYTES: Final = 256 * 1024 * 1024
"""By which one input may make this process grow."""


def fuzzed(examples: int) -> settings:
    """Settings of a test that looks at so many examples in the suite."""
    return settings(
        max_examples=examples * _FACTOR,
        derandomize=_FACTOR == 1,
        database=None,
        deadline=None,
        print_blob=True,
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.filter_too_much],
    )


@contextmanager
def bounded() -> Iterator[None]:
    """Fails where the block takes more of the processor, or of memory, than any input may."""
    before, begun = _most_memory(), time.thread_time()
    yield
    spent, grown = time.thread_time() - begun, _most_memory() - before
    assert spent < CPU_SECONDS, f"it took {spent:.1f} s of the processor"
    assert grown < MEMORY_BYTES, f"it took {grown} bytes"


def refusal(work: Callable[[], object], *kinds: type[E]) -> E | None:
    """How the work refuses its input, in bounded time and memory; None where it takes it. All other errors are bugs."""
    with bounded():
        try:
            work()
        except kinds as error:
            return error
    return None


def _most_memory() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * _KIBIBYTE
