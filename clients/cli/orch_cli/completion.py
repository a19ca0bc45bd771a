"""`orch completion`: the script by which a shell completes commands, options and names."""

import os
from pathlib import Path

import click
from click.shell_completion import get_completion_class

from orch_cli.failures import Failed, Wrong

VARIABLE = "_ORCH_COMPLETE"
"""By this variable the shell's script asks `orch` for completions. Click's own convention."""
_SHELLS = ("bash", "zsh", "fish")


@click.command(
    "completion",
    help="""Print the completion script for your shell.

    \b
    bash   echo 'eval "$(orch completion bash)"' >> ~/.bashrc
    zsh    echo 'eval "$(orch completion zsh)"' >> ~/.zshrc
    fish   orch completion fish > ~/.config/fish/completions/orch.fish

    Without SHELL: for the one that $SHELL names. Names of deployments, pools and profiles are completed too.""",
)
@click.argument("shell", required=False, type=click.Choice(_SHELLS))
@click.pass_context
def completion(ctx: click.Context, shell: str | None) -> None:
    """The command."""
    name = shell or _shell_in_use()
    known = get_completion_class(name)
    if known is None:
        raise Failed(f"This click knows no completion for {name}. Update it: pip install --upgrade click.")
    root = ctx.find_root()
    click.echo(known(root.command, {}, root.info_name or "orch", VARIABLE).source())


def _shell_in_use() -> str:
    name = Path(os.environ.get("SHELL", "")).name
    if name not in _SHELLS:
        told = f"$SHELL is {name!r}" if name else "$SHELL is not set"
        raise Wrong(f"For which shell? {told}. Write `orch completion {'`, `'.join(_SHELLS)}`.")
    return name
