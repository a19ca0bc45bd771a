"""`orch`: the group of all commands. Each is imported when it is used, so that `orch --help` answers at once."""

import platform
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import import_module

import click


@dataclass(frozen=True, slots=True)
class LazyCommand:
    """Where a command is found ("module:name"), and what `orch --help` says of it without looking there."""

    path: str
    summary: str


class LazyGroup(click.Group):
    """A group that knows its commands by name and imports the one that is asked for."""

    def __init__(self, name: str, *, lazy: Mapping[str, LazyCommand], help: str) -> None:  # noqa: A002
        super().__init__(name, help=help)
        self._lazy = lazy

    def list_commands(self, ctx: click.Context) -> list[str]:
        """All names, sorted."""
        return sorted({*super().list_commands(ctx), *self._lazy})

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The command, imported now."""
        lazy = self._lazy.get(cmd_name)
        if lazy is None:
            return super().get_command(ctx, cmd_name)
        module, _, name = lazy.path.partition(":")
        command = getattr(import_module(module), name)
        if not isinstance(command, click.Command):
            raise TypeError(f"{lazy.path} is not a command.")
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """The list in `--help`, without importing what it lists."""
        rows = [(name, self._summary(ctx, name)) for name in self.list_commands(ctx)]
        with formatter.section("Commands"):
            formatter.write_dl(rows)

    def _summary(self, ctx: click.Context, name: str) -> str:
        if name in self._lazy:
            return self._lazy[name].summary
        command = super().get_command(ctx, name)
        return command.get_short_help_str() if command else ""


orch = LazyGroup(
    "orch",
    help="Runs Python functions as observed, retried, recoverable workflows.",
    lazy={"server": LazyCommand("orch_cli.server:server", "Start and migrate the control plane.")},
)


@orch.command()
def version() -> None:
    """Show which Orch this is."""
    from orch_server.version import orch_version

    click.echo(f"orch {orch_version()} (Python {platform.python_version()}, {platform.system()} {platform.machine()})")


def main() -> None:
    """The console script."""
    orch(prog_name="orch")


if __name__ == "__main__":
    main()
