"""Tags: of decorators, of the ``tags`` context, nested, on tasks and subflows, changed by options."""

from orch import flow, tags, task
from orch.runtime import flow_run, task_run


@task(tags=["decorated", "task"])
def tagged() -> list[str]:
    return sorted(task_run.tags)


@task
def untagged() -> list[str]:
    return sorted(task_run.tags)


@flow
def child() -> list[object]:
    return [sorted(flow_run.tags), untagged(), tagged()]


@flow
def parent() -> dict[str, object]:
    outcome: dict[str, object] = {"own": sorted(flow_run.tags), "plain": untagged(), "decorated": tagged()}
    with tags("outer", "task"):
        outcome["outer"] = [untagged(), tagged()]
        with tags("inner") as current:
            outcome["inner"] = [untagged(), sorted(current)]
        outcome["outer again"] = untagged()
        outcome["child"] = child()
    with tags("submitted"):
        future = untagged.submit()
    outcome["submitted"] = future.result()
    outcome["options"] = tagged.with_options(tags=["other"])()
    return outcome


def main() -> object:
    outcome: dict[str, object] = {"bare": parent()}
    with tags("around"):
        outcome["in a context"] = parent()
    outcome["attribute"] = sorted(tagged.tags)
    return outcome
