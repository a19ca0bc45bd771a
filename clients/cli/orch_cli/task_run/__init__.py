"""`orch task-run …`: look at the task runs of a flow run."""

from orch_cli.groups import LazyCommand, LazyGroup

task_run = LazyGroup(
    "task-run",
    help="Looks at the task runs of a flow run.",
    lazy={
        "inspect": LazyCommand("orch_cli.task_run.reading:inspect", "Show all of a task run, and its history."),
        "ls": LazyCommand("orch_cli.task_run.reading:ls", "List the task runs of a flow run, oldest first."),
    },
)
