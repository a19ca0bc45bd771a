"""Groups of commands that import a command when it is asked for, so that `orch --help` answers at once."""

from collections.abc import Mapping
from dataclasses import dataclass
from importlib import import_module

import click
from click.exceptions import NoSuchCommand
from click.shell_completion import CompletionItem


@dataclass(frozen=True, slots=True)
class LazyCommand:
    """Where a command is found ("module:name"), and what `--help` says of it without looking there."""

    path: str
    summary: str


class LazyGroup(click.Group):
    """A group that knows its commands by name and imports the one that is asked for."""

    def __init__(
        self,
        name: str,
        *,
        lazy: Mapping[str, LazyCommand],
        help: str,  # noqa: A002 (click's own name)
        params: list[click.Parameter] | None = None,
    ) -> None:
        super().__init__(name, help=help, params=params)
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

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """As click's own; a name that is none is told with those that look like it."""
        try:
            return super().resolve_command(ctx, args)
        except NoSuchCommand as error:
            raise NoSuchCommand(args[0], possibilities=self.list_commands(ctx), ctx=ctx) from error

    def shell_complete(self, ctx: click.Context, incomplete: str) -> list[CompletionItem]:
        """Names and summaries, without importing what they name."""
        names = [name for name in self.list_commands(ctx) if name.startswith(incomplete)]
        options = click.Command.shell_complete(self, ctx, incomplete)
        return [*(CompletionItem(name, help=self._summary(ctx, name)) for name in names), *options]

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """The list in `--help`, without importing what it lists."""
        rows = [(name, self._summary(ctx, name)) for name in self.list_commands(ctx)]
        with formatter.section("Commands"):
            formatter.write_dl(rows)

    def _summary(self, ctx: click.Context, name: str) -> str:
        if name in self._lazy:
            return self._lazy[name].summary
        command = super().get_command(ctx, name)
        return command.get_short_help_str(limit=100) if command else ""
