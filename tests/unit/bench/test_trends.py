"""Whether a soak's series is called flat or growing."""

import json
import random
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from tests.bench.soak.__main__ import main, trend_table
from tests.bench.soak.sampling import cost_of_a_run
from tests.bench.soak.trends import FEWEST_SAMPLES, Sample, Shift, Slope, Trend, judged, robust_slope

SECONDS = 1800
STEP = 5


def series(value: Callable[[float], float], *, noise: float = 0) -> list[tuple[float, float]]:
    """Half an hour, a value every five seconds."""
    chance = random.Random(3)
    return [(float(t), value(t) + chance.gauss(0, noise)) for t in range(0, SECONDS, STEP)]


LEAKING = Slope(per_hour=12, least=3)


def test_memory_that_rises_evenly_grows() -> None:
    found = LEAKING.judge("memory_mb.server", series(lambda t: 90 + t * 30 / 3600))

    assert not found.flat
    assert found.verdict == "grows by 30 an hour"


def test_memory_that_is_full_after_a_while_is_flat() -> None:
    assert LEAKING.judge("memory_mb.server", series(lambda t: 90 + min(t, 700) * 0.05, noise=0.5)).flat


def test_one_lump_is_no_leak() -> None:
    assert LEAKING.judge("memory_mb.server", series(lambda t: 90 + (2 if t > 1500 else 0), noise=0.1)).flat


def test_peaks_do_not_move_the_line() -> None:
    samples = series(lambda t: 90.0)
    samples[-5:] = [(t, 400.0) for t, _ in samples[-5:]]

    assert LEAKING.judge("memory_mb.server", samples).flat
    assert robust_slope(samples) == 0


def test_little_in_a_short_time_is_not_added_up_over_an_hour() -> None:
    samples = [(t / 10, value) for t, value in series(lambda t: 90 + t / SECONDS)]

    assert LEAKING.judge("memory_mb.server", samples).flat
    assert not Slope(per_hour=12, least=0).judge("memory_mb.server", samples).flat


def test_a_latency_that_doubles_grows_and_one_that_jitters_does_not() -> None:
    rule = Shift(factor=1.3, allowance=3)

    assert not rule.judge("list.p50_ms", series(lambda t: 10 + 20 * t / SECONDS, noise=1)).flat
    assert rule.judge("list.p50_ms", series(lambda t: 10, noise=3)).flat


def test_the_beginning_does_not_count() -> None:
    rule = Shift(factor=1, allowance=3)

    assert rule.judge("connections", series(lambda t: 2 if t < 100 else 20)).flat
    assert not rule.judge("connections", series(lambda t: 20 if t < 1300 else 30)).flat


@pytest.mark.parametrize("rule", [LEAKING, Shift(factor=1, allowance=0)])
def test_too_few_samples_say_nothing(rule: Slope | Shift) -> None:
    found = rule.judge("memory_mb.server", [(float(t), 10.0**t) for t in range(FEWEST_SAMPLES)])

    assert found.verdict == "too few samples to say"
    assert found.flat


def samples(**values: Callable[[float], float]) -> list[Sample]:
    names = {"memory_mb_server": "memory_mb.server", "tail_p50_ms": "tail.p50_ms"}
    return [
        {"t": float(t), "runs": float(t * 16), **{names.get(name, name): of(t) for name, of in values.items()}}
        for t in range(STEP, SECONDS, STEP)
    ]


def verdicts(trends: Sequence[Trend]) -> dict[str, bool]:
    return {trend.series: trend.flat for trend in trends}


def test_series_are_judged_by_their_names_and_others_only_recorded() -> None:
    found = judged(samples(memory_mb_server=lambda t: 90 + t, tail_p50_ms=lambda t: 12, cpu=lambda t: t))

    assert verdicts(found) == {"memory_mb.server": False, "tail.p50_ms": True}


def test_a_series_that_comes_and_goes_is_judged_by_what_there_is() -> None:
    made = samples(tail_p50_ms=lambda t: 12)
    holes = [each if number % 2 else {"t": each["t"], "runs": each["runs"]} for number, each in enumerate(made)]

    assert verdicts(judged(holes)) == {"tail.p50_ms": True}


def test_what_a_run_costs_is_processor_time_by_runs() -> None:
    earlier = {"runs": 100.0, "cpu_seconds.server": 5.0, "cpu_seconds.gone": 5.0}
    later = {"runs": 150.0, "cpu_seconds.server": 5.5, "cpu_seconds.gone": 0.1, "cpu_seconds.new": 1.0}

    assert cost_of_a_run(earlier, later) == {"cpu_ms_a_run.server": pytest.approx(10)}
    assert cost_of_a_run(later, later) == {}
    assert cost_of_a_run({}, later) == {}


def kept(file: Path, made: Sequence[Sample]) -> Path:
    file.write_text("".join(json.dumps(each) + "\n" for each in made))
    return file


def test_a_kept_soak_can_be_judged_again(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    flat = kept(tmp_path / "flat", samples(memory_mb_server=lambda t: 90))
    growing = kept(tmp_path / "growing", samples(memory_mb_server=lambda t: 90 + t))

    assert main(["--report", str(flat)]) == 0
    assert "| memory_mb.server | 90 " in capsys.readouterr().out
    assert main(["--report", str(growing)]) == 1
    assert "grows by" in capsys.readouterr().out


def test_small_tables_are_judged_and_listed_only_if_they_grow() -> None:
    small = Trend("table_mb.flow", 0.02, 0.02, "", "flat", flat=True)
    growing = Trend("table_mb.session", 0.02, 0.9, "", "grows", flat=False)
    large = Trend("table_mb.flow_run", 40, 40, "", "flat", flat=True)

    assert [line.split()[1] for line in trend_table([small, growing, large]).splitlines()[2:]] == [
        "table_mb.session",
        "table_mb.flow_run",
    ]


def test_a_soak_without_samples_is_no_flat_one(tmp_path: Path) -> None:
    assert main(["--report", str(kept(tmp_path / "none", []))]) == 2


@pytest.mark.parametrize("arguments", [["--minutes", "0"], ["--minutes", "-1"], ["--runs-a-minute", "10"]])
def test_what_is_no_soak_is_refused_in_words(arguments: Sequence[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(arguments)

    assert "a soak lasts more than 0 minutes" in capsys.readouterr().err


def test_a_file_that_holds_no_samples_is_refused_in_words(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["--report", str(tmp_path / "missing")])

    assert "holds no samples of a soak" in capsys.readouterr().err
