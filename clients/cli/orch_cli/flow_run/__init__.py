"""`orch flow-run …`: look at, follow and steer flow runs."""

from orch_cli.groups import LazyCommand, LazyGroup

flow_run = LazyGroup(
    "flow-run",
    help=(
        "Looks at, follows and steers flow runs.\n\nA RUN is an id, the beginning of one (8 characters or more), or a"
        " name that one run alone has."
    ),
    lazy={
        "cancel": LazyCommand("orch_cli.flow_run.steering:cancel", "Ask runs to stop."),
        "count": LazyCommand("orch_cli.flow_run.counting:count", "Count runs by state, or over time."),
        "delete": LazyCommand("orch_cli.flow_run.steering:delete", "Delete runs that have ended, with their logs."),
        "inspect": LazyCommand("orch_cli.flow_run.reading:inspect", "Show all of a run, and its history."),
        "logs": LazyCommand("orch_cli.flow_run.logs:logs", "Show a run's log; -f follows it."),
        "ls": LazyCommand("orch_cli.flow_run.reading:ls", "List runs, newest first, filtered."),
        "retry": LazyCommand("orch_cli.flow_run.steering:retry", "Run again what has ended, from a task on if asked."),
        "tag": LazyCommand("orch_cli.flow_run.tagging:tag", "Add tags to runs, take tags away."),
        "wait": LazyCommand("orch_cli.flow_run.following:wait", "Wait for a run's end, silently."),
        "watch": LazyCommand("orch_cli.flow_run.following:watch", "Follow a run's states and log to its end."),
    },
)
