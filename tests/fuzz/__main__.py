"""`make fuzz MINUTES=…`: the tests of this folder with more examples and another seed each round, until time is up.

The first failure ends it: pytest has printed the smallest example, and the last lines here say how to see it again.
"""

import argparse
import os
import random
import subprocess
import sys
import time
from pathlib import Path
from typing import Final

_FOLDER: Final = Path(__file__).parent
_ROOT: Final = _FOLDER.parents[1]
_FACTOR: Final = 10
"""Times the examples of the suite, each round."""
_TEST_SECONDS: Final = 1800


def main(minutes: float, seed: int | None, tests: list[str]) -> int:
    """Rounds until so many minutes have passed; with a seed, that one round only."""
    end = time.monotonic() + minutes * 60
    rounds = 0
    while True:
        chosen = seed if seed is not None else random.SystemRandom().randrange(2**32)
        code = _round(chosen, tests)
        rounds += 1
        if code:
            where = " ".join(tests)
            say(
                f"Found with the seed {chosen}. To see it again: make fuzz SEED={chosen}"
                + (f" TESTS='{where}'" * bool(where))
            )
            return code
        if seed is not None or time.monotonic() >= end:
            say(f"Nothing found in {rounds} rounds.")
            return 0


def say(text: str) -> None:
    """A line for whoever waits."""
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


def _round(seed: int, tests: list[str]) -> int:
    say(f"Seed {seed}")
    options = ["-q", "-x", f"--hypothesis-seed={seed}", f"--timeout={_TEST_SECONDS}", *(tests or [str(_FOLDER)])]
    environment = os.environ | {"ORCH_FUZZ_FACTOR": str(_FACTOR)}
    return subprocess.run(
        [sys.executable, "-m", "pytest", *options], cwd=_ROOT, env=environment, check=False
    ).returncode


if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="make fuzz")
    parser.add_argument("--minutes", type=float, default=10)
    parser.add_argument("--seed", type=int)
    parser.add_argument("tests", nargs="*")
    given = parser.parse_args()
    raise SystemExit(main(given.minutes, given.seed, given.tests))
