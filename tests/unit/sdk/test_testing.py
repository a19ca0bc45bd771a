"""orch.testing: each test has a control plane of its own, and need not wait."""

from datetime import timedelta

from orch import flow, sleep, task
from orch.cache_policies import INPUTS
from orch.testing import isolated

calls: list[int] = []


@task(cache_policy=INPUTS, cache_expiration=timedelta(hours=1))
def cached(number: int) -> int:
    calls.append(number)
    return number


@task(retries=2, retry_delay_seconds=3600)
def never() -> None:
    raise OSError("busy")


@flow
def uses(number: int) -> int:
    return cached(number)


def test_runs_and_their_tasks_can_be_looked_at() -> None:
    with isolated() as plane:
        assert uses(3) == 3
        (run,) = plane.flow_runs()
        assert (run.flow_name, run.state.name) == ("uses", "Completed")
        assert [(each.name, each.state.name) for each in plane.task_runs(run)] == [("cached-0", "Completed")]


def test_one_test_does_not_see_another() -> None:
    with isolated():
        uses(1)
    with isolated() as plane:
        assert plane.flow_runs() == []


def test_delays_pass_at_once() -> None:
    @flow
    def waits() -> str:
        sleep(86_400)
        return str(never(return_state=True).name)

    with isolated() as plane:
        before = plane.clock.time()
        assert waits() == "Failed"
        assert plane.clock.time() - before >= 86_400 + 2 * 3600


def test_cached_results_grow_old_with_the_clock() -> None:
    calls.clear()
    with isolated() as plane:
        uses(1)
        uses(1)
        assert calls == [1]
        plane.clock.advance(timedelta(hours=2))
        uses(1)
        assert calls == [1, 1]


def test_the_bare_function_makes_no_run() -> None:
    with isolated() as plane:
        assert cached.fn(5) == 5
        assert plane.flow_runs() == []
