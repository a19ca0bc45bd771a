"""Runs in the processes of a pool, after one in the process that starts them."""

import multiprocessing
import sys

from orch import flow


@flow
def square(number: int) -> int:
    """One run."""
    return number * number


def run_square(number: int) -> int:
    """What the pool calls."""
    return square(number)


if __name__ == "__main__":
    square(10)
    with multiprocessing.get_context(sys.argv[1]).Pool(2) as pool:
        print(pool.map(run_square, range(4)))
