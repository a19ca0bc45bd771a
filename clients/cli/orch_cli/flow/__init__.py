"""`orch flow …`: look at flows."""

from orch_cli.groups import LazyCommand, LazyGroup

flow = LazyGroup(
    "flow",
    help="Looks at flows: the functions and commands that runs are runs of.",
    lazy={
        "inspect": LazyCommand("orch_cli.flow.reading:inspect", "Show a flow's deployments and newest runs."),
        "ls": LazyCommand("orch_cli.flow.reading:ls", "List flows by name."),
    },
)
