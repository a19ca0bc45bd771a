"""Lines of attempts."""

import asyncio
import os
from pathlib import Path

from orch_worker.launchers.base import Outcome
from orch_worker.launchers.process.launcher import ProcessLauncher
from orch_worker.launchers.process.spool import MAX_LINE_BYTES
from tests.unit.worker.process.stage import first_line, lines_of, python, shell, texts_of


async def test_both_streams_as_lines(launcher: ProcessLauncher) -> None:
    attempt = await launcher.launch(shell("echo one; echo two; echo oops >&2; printf three"))
    lines = await lines_of(attempt)
    assert [line.text for line in lines if line.stream == "stdout"] == ["one", "two", "three"]
    assert [line.text for line in lines if line.stream == "stderr"] == ["oops"]
    assert all(line.time_ns > 0 for line in lines)


async def test_lines_come_while_it_runs(launcher: ProcessLauncher, tmp_path: Path) -> None:
    gate = tmp_path / "gate"
    os.mkfifo(gate)
    attempt = await launcher.launch(shell(f"echo early; cat {gate}"))
    assert await first_line(attempt) == "early"
    assert not attempt.has_ended
    await asyncio.to_thread(gate.write_text, "late\n")
    assert await texts_of(attempt) == ["early", "late"]


async def test_python_prints_arrive_though_it_writes_to_a_pipe(launcher: ProcessLauncher) -> None:
    attempt = await launcher.launch(python("import time; print('here'); time.sleep(600)"))
    assert await first_line(attempt) == "here"
    await attempt.stop(grace_seconds=0)


async def test_from_a_line_on(launcher: ProcessLauncher) -> None:
    attempt = await launcher.launch(shell("seq 0 99999"))
    await attempt.wait()
    assert [line.text for line in await lines_of(attempt, 99_998)] == ["99998", "99999"]
    assert await lines_of(attempt, 100_000) == []
    assert len(await lines_of(attempt)) == 100_000


async def test_very_long_lines_come_in_pieces(launcher: ProcessLauncher) -> None:
    length = 3 * MAX_LINE_BYTES + 5
    texts = await texts_of(await launcher.launch(python(f"print('ä' * {length // 2} + 'end'); print('next')")))
    assert "".join(texts[:-1]) == "ä" * (length // 2) + "end"
    assert all(len(text.encode()) <= MAX_LINE_BYTES for text in texts)
    assert texts[-1] == "next"


async def test_what_is_no_text_is_replaced(launcher: ProcessLauncher) -> None:
    script = r"printf 'a\377\000b\r\n'; printf '\033[31mred\033[0m\n\n'"
    assert await texts_of(await launcher.launch(shell(script))) == ["a\ufffd\x00b", "\x1b[31mred\x1b[0m", ""]


async def test_nothing_is_kept_where_nobody_wants_it(launcher: ProcessLauncher) -> None:
    attempt = await launcher.launch(shell("echo one; echo two >&2", stream_output=False))
    assert await lines_of(attempt) == []
    assert (await attempt.wait()).outcome is Outcome.COMPLETED


async def test_who_is_left_behind_does_not_hold_up_the_end(launcher: ProcessLauncher) -> None:
    attempt = await launcher.launch(shell("sleep 600 & echo $!"))
    assert (await attempt.wait()).outcome is Outcome.COMPLETED
    # It holds the pipe no more, either: the lines have an end.
    assert len(await texts_of(attempt)) == 1


async def test_what_is_written_by_who_ends_a_little_later_is_kept(launcher: ProcessLauncher) -> None:
    attempt = await launcher.launch(shell("(sleep 0.1; echo late) & echo early"))
    assert await texts_of(attempt) == ["early", "late"]


async def test_much_of_many_at_once(launcher: ProcessLauncher) -> None:
    attempts = await asyncio.gather(*(launcher.launch(shell("seq 0 19999; seq 0 9 >&2")) for _ in range(8)))
    for attempt in attempts:
        lines = await lines_of(attempt)
        assert [line.text for line in lines if line.stream == "stdout"] == [str(number) for number in range(20_000)]
        assert [line.text for line in lines if line.stream == "stderr"] == [str(number) for number in range(10)]


async def test_two_may_read_and_one_may_go_early(launcher: ProcessLauncher) -> None:
    attempt = await launcher.launch(shell("seq 5"))
    assert await first_line(attempt) == "1"
    one, other = await asyncio.gather(texts_of(attempt), texts_of(attempt))
    assert one == other == ["1", "2", "3", "4", "5"]
