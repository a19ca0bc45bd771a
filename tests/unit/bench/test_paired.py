"""Which figures of two versions have changed by more than chance allows."""

import random
from collections.abc import Sequence
from math import exp, inf, log

import pytest

from tests.bench.figures import Report
from tests.bench.paired import (
    FEWEST_PAIRS,
    Comparison,
    Verdict,
    compare,
    compared_figures,
    log_ratio_interval,
    more_is_better,
)

RATE = ("lifecycle", "runs_per_s")
COST = ("lifecycle", "server_cpu_ms")


def compared(name: tuple[str, str], pairs: Sequence[tuple[float, float]]) -> Comparison:
    (found,) = compare([({name: base}, {name: now}) for base, now in pairs])
    return found


def steady(ratio: float, *, noise: float = 0.01, pairs: int = FEWEST_PAIRS) -> list[tuple[float, float]]:
    """Pairs on a machine whose speed moves by half from pair to pair, and by a little within one."""
    chance = random.Random(7)
    speeds = [chance.uniform(300, 600) for _ in range(pairs)]
    return [(speed, speed * ratio * exp(chance.gauss(0, noise))) for speed in speeds]


def test_a_rate_that_fell_is_slower_though_the_machine_moves_by_more() -> None:
    found = compared(RATE, steady(0.9))

    assert found.verdict is Verdict.SLOWER
    assert found.low < 0.9 < found.high < 1


def test_a_cost_that_fell_is_faster() -> None:
    assert compared(COST, steady(0.9)).verdict is Verdict.FASTER
    assert compared(COST, steady(1.1)).verdict is Verdict.SLOWER


def test_what_chance_explains_is_no_difference() -> None:
    found = compared(RATE, steady(0.97, noise=0.2))

    assert found.verdict is Verdict.SAME
    assert found.low < 1 < found.high


def test_what_nobody_would_notice_is_no_difference_however_sure() -> None:
    found = compared(RATE, steady(0.99, noise=0.0001))

    assert found.high < 1
    assert found.verdict is Verdict.SAME


def test_one_odd_pair_does_not_move_it() -> None:
    pairs = steady(0.9, pairs=16)
    odd = [(pairs[0][0], pairs[0][0] * 3), *pairs[1:]]

    assert compared(RATE, odd).verdict is Verdict.SLOWER
    assert compared(RATE, odd).ratio == pytest.approx(0.9, rel=0.03)


def test_the_same_version_is_rarely_called_changed() -> None:
    chance = random.Random(11)
    rounds = [[chance.gauss(0, 0.1) for _ in range(FEWEST_PAIRS)] for _ in range(1000)]

    missed = sum(not low <= 0 <= high for _, low, high in map(log_ratio_interval, rounds))

    assert 0 < missed < 20  # 1 in 100 is promised; of 8 pairs, 2 of the 256 orders of signs count: 0.8


@pytest.mark.parametrize(("pairs", "confidence", "rank"), [(8, 0.99, 0), (10, 0.95, 8), (10, 0.99, 3), (20, 0.95, 52)])
def test_the_intervals_are_those_of_wilcoxons_tables(pairs: int, confidence: float, rank: int) -> None:
    differences = [float(2**number) for number in range(pairs)]
    means = sorted((one + other) / 2 for place, one in enumerate(differences) for other in differences[place:])

    _, low, high = log_ratio_interval(differences, confidence)

    assert (low, high) == (means[rank], means[-1 - rank])


def test_too_few_pairs_say_nothing() -> None:
    assert log_ratio_interval([1.0] * (FEWEST_PAIRS - 1)) == (1.0, -inf, inf)


def test_figures_that_some_run_lacks_are_left_out() -> None:
    whole = {RATE: 400.0, COST: 2.5}
    pairs = [(whole, whole) for _ in range(FEWEST_PAIRS - 1)] + [({RATE: 400.0}, whole)]

    assert [each.figure for each in compare(pairs)] == ["runs_per_s"]


def test_what_is_compared_is_ours_and_comes_to_an_end() -> None:
    reports = [
        Report("machine", {"echo_ms": 0.3}),
        Report("lifecycle", {"runs_per_s": 20.0}, peer="Prefect"),
        Report("logs", {"error": "no", "lines_per_s": 3.0}, failed=True),
        Report("durable_tasks", {"where": "server", "milliseconds": 3.6, "best_milliseconds": 3.1, "count": 9}),
    ]

    assert compared_figures(reports) == {("durable_tasks (server)", "milliseconds"): 3.6}


@pytest.mark.parametrize(
    ("figure", "better"),
    [
        ("runs_per_s", True),
        ("server_cpu_ms", False),
        ("p50_ms", False),
        ("p99_ms", None),
        ("best_round_runs_per_s", None),
        ("idle_mb", False),
        ("callers", None),
    ],
)
def test_a_figures_name_says_which_way_it_is_good(figure: str, better: bool | None) -> None:
    assert more_is_better(figure) is better


def test_ratios_are_now_over_base() -> None:
    assert compared(RATE, steady(2.0)).ratio == pytest.approx(2, rel=0.02)
    assert log(2) == pytest.approx(log_ratio_interval([log(2)] * FEWEST_PAIRS)[0])
