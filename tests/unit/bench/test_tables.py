"""Lines of benches, and the tables made of them."""

from pathlib import Path

import pytest

from tests.bench.__main__ import main
from tests.bench.figures import Report, at_least, at_most
from tests.bench.tables import markdown, table

OURS = Report("lifecycle", {"runs_per_s": 300.0}, {"runs_per_s": at_least(450, limit="four_calls_per_s")})
DURABLE = Report("durable_tasks", {"where": "server", "milliseconds": 1.2}, {"milliseconds": at_most(1.5)})
LIMITS = Report("machine_limits", {"four_calls_per_s": 600.0})
THEIRS = Report("lifecycle", {"runs_per_s": 20.0}, peer="Prefect")
ELSEWHERE = Report("durable_tasks", {"where": "server", "milliseconds": 2.4}, peer="DBOS")
FAILED = Report("logs", {"error": "no"}, failed=True)


@pytest.mark.parametrize("report", [OURS, DURABLE, LIMITS, THEIRS, FAILED])
def test_a_line_reads_back_as_what_was_written(report: Report) -> None:
    assert Report.read(report.line()) == report


@pytest.mark.parametrize("line", ["{}", "[1]", '{"figure": 3}', "nonsense"])
def test_what_is_no_line_of_a_bench_is_refused(line: str) -> None:
    with pytest.raises(ValueError, match=r"no line of a bench|Expecting value"):
        Report.read(line)


def rows(text: str) -> dict[str, str]:
    return {line.split()[0]: line for line in text.splitlines() if line}


def test_beside_a_budget_stand_the_machines_limit_and_the_peers_with_ratios() -> None:
    found = rows(table([LIMITS, OURS, DURABLE, THEIRS, ELSEWHERE]))

    assert "OVER BUDGET" in found["lifecycle"]
    assert "50% of 600" in found["lifecycle"]
    assert "Prefect 20 (15 times)" in found["lifecycle"]
    assert "ok" in found["durable_tasks"]
    assert "DBOS 2.4 (2 times)" in found["durable_tasks"]


def test_without_peers_it_says_so() -> None:
    assert "No peers were measured" in table([OURS])
    assert "none here" in table([OURS, Report("peers", {"skipped": "none here"})])
    assert "peers were" not in table([OURS, THEIRS])


def test_a_bench_that_failed_is_seen() -> None:
    assert "FAILED" in rows(table([OURS, FAILED]))["logs"]


def test_kept_lines_become_a_page(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    kept = tmp_path / "lines"
    kept.write_text(f"{OURS.line()}\n{LIMITS.line()}\n\nbench  figure  a table for people\n")

    assert main(["--report", str(kept)]) == 0

    printed = capsys.readouterr().out
    assert printed.strip() == markdown([OURS, LIMITS]).strip()
    assert "| lifecycle | runs_per_s | 300 | >= 450 | 0.67 | OVER BUDGET | 50% of 600 |  |" in printed


def test_a_file_without_lines_is_refused_in_words(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["--report", str(tmp_path / "none")])

    assert "holds no lines of benches" in capsys.readouterr().err
