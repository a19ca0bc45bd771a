"""Names of runs: templates, callables, parameters in them, names in the runtime, names of flows and tasks."""

from orch import flow, task
from orch.context import FlowRunContext, get_run_context
from orch.runtime import flow_run, task_run


def name_of_the_flow_run() -> str:
    parameters = flow_run.parameters
    return f"{flow_run.flow_name} for {parameters['number']}"


def name_of_the_task_run() -> str:
    return f"made by a function for {task_run.parameters['letter']}"


@task(task_run_name="letter {letter} of {word!r}")
def by_template(letter: str, word: str = "default") -> str:
    return task_run.name


@task(task_run_name=name_of_the_task_run)
def by_function(letter: str) -> str:
    return task_run.name


@task(task_run_name="async {number:03d}")
async def by_template_async(number: int) -> str:
    return task_run.name


@task(name="a name with spaces")
def named() -> str:
    return task_run.task_name


@flow(flow_run_name="run-{number}-{items[0]}")
def templated(number: int, items: list[str]) -> str:
    return flow_run.name


@flow(name="The Flow", flow_run_name=name_of_the_flow_run)
def by_callable(number: int) -> str:
    return flow_run.name


@flow(flow_run_name="child of {parent}")
def child(parent: str) -> str:
    return flow_run.name


@flow(flow_run_name="the parent")
def parent() -> list[str]:
    return [child(flow_run.name), flow_run.name]


@flow
def task_names() -> list[object]:
    return [
        by_template("a"),
        by_template("b", word="other"),
        by_function("c"),
        named(),
        by_template.map(["x", "y"], word="z").result(),
        by_template.submit("s").result(),
    ]


@flow
async def async_names() -> list[str]:
    return [await by_template_async(7)]


@task
def default_name() -> bool:
    name = task_run.name
    return name.startswith("default_name-") and len(name) > len("default_name-")


@flow
def from_the_context() -> list[object]:
    context = get_run_context()
    own = (
        isinstance(context, FlowRunContext) and context.flow_run is not None and context.flow_run.name == flow_run.name
    )
    return [own, default_name()]


def main() -> object:
    import asyncio

    return {
        "template": templated(3, items=["first", "second"]),
        "callable": by_callable(4),
        "nested": parent(),
        "tasks": task_names(),
        "async": asyncio.run(async_names()),
        "context": from_the_context(),
        "names": [templated.name, by_callable.name, named.name, by_template.name, task_names.name],
    }
