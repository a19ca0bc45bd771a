"""Asking before what cannot be undone."""

import click

from orch_cli.failures import Failed, Wrong
from orch_cli.output.terminals import stdin_is_terminal


def confirm(question: str, *, yes: bool) -> None:
    """Goes on where the answer is yes, or was given on the command line.

    Raises Failed where it is no, Wrong where there is nobody to ask.
    """
    if yes:
        return
    if not stdin_is_terminal():
        raise Wrong(f"{question} There is nobody to ask: pass --yes.")
    if not click.confirm(question, err=True):
        raise Failed("Nothing was done.")
