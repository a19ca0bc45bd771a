"""How commands speak: tables for people at terminals, plain aligned lines in pipes, JSON and YAML for programs.

    @click.command()
    @output_option
    def ls(output: Format) -> None:
        show_list(runs, COLUMNS, output=output, empty="No flow runs.")

What was asked for goes to standard output. Everything else (`note`) goes to standard error, so that a pipe carries
data only. Rich is loaded at terminals only.
"""

from orch_cli.output.formats import Format, document, json_line, output_option
from orch_cli.output.plain_values import plain
from orch_cli.output.questions import confirm
from orch_cli.output.states import state_name, state_style
from orch_cli.output.tables import Column, show_list, show_one
from orch_cli.output.terminals import clean, note, one_line, say, stdin_is_terminal, stdout_is_terminal
from orch_cli.output.times import ago, exactly, instant, seconds_between, span, when

__all__ = [
    "Column",
    "Format",
    "ago",
    "clean",
    "confirm",
    "document",
    "exactly",
    "instant",
    "json_line",
    "note",
    "one_line",
    "output_option",
    "plain",
    "say",
    "seconds_between",
    "show_list",
    "show_one",
    "span",
    "state_name",
    "state_style",
    "stdin_is_terminal",
    "stdout_is_terminal",
    "when",
]
