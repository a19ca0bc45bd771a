"""Task runners: threads, how many at once, one runner a flow, runners of subflows."""

from threading import Barrier, Lock, current_thread, main_thread

from orch import flow, task
from orch.task_runners import ThreadPoolTaskRunner

running = 0
most = 0
lock = Lock()
meeting = Barrier(3)


@task
def counted(number: int) -> int:
    global running, most
    with lock:
        running += 1
        most = max(most, running)
    with lock:
        running -= 1
    return number


@task
def meets_two_others(number: int) -> int:
    meeting.wait(timeout=30)
    return number


@task
def thread() -> bool:
    return current_thread() is main_thread()


@task
async def meets_in_the_loop(number: int) -> int:
    return number * 2


@flow(task_runner=ThreadPoolTaskRunner(max_workers=1))
def one_at_a_time() -> list[object]:
    values = counted.map(range(6)).result()
    return [values, most]


@flow(task_runner=ThreadPoolTaskRunner(max_workers=3))
def three_at_once() -> list[int]:
    return meets_two_others.map([1, 2, 3]).result()


@flow
def threads() -> list[object]:
    return [thread(), thread.submit().result()]


@flow(task_runner=ThreadPoolTaskRunner(max_workers=2))
def async_tasks() -> list[object]:
    return [meets_in_the_loop.submit(4).result(), meets_in_the_loop.map([1, 2]).result()]


@flow(task_runner=ThreadPoolTaskRunner(max_workers=2))
def with_a_child() -> list[object]:
    return [counted.submit(1).result(), child(), counted.submit(2).result()]


@flow(task_runner=ThreadPoolTaskRunner(max_workers=1))
def child() -> int:
    return counted.submit(5).result()


@flow
def changed_runner() -> int:
    return child.with_options(task_runner=ThreadPoolTaskRunner(max_workers=4))()


@flow
def many() -> int:
    return sum(counted.map(range(100)).result())


def main() -> object:
    return {
        "one at a time": one_at_a_time(),
        "three at once": three_at_once(),
        "main thread": threads(),
        "async": async_tasks(),
        "child": with_a_child(),
        "changed": changed_runner(),
        "many": many(),
    }
