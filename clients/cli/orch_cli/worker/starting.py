"""`orch worker start`: `orch-worker` itself, with the settings of the profile in use."""

import os

import click

from orch_worker.command import worker as orch_worker


class _Start(click.Command):
    """The worker reads variables alone: what the profile says becomes variables first."""

    def invoke(self, ctx: click.Context) -> object:
        from orch_cli.connection import settings_in_use

        os.environ.update(settings_in_use().client_environment())
        # As its own command, which says what is wrong in its own words and with its own exit code.
        return orch_worker.invoke(ctx)


start = _Start("start", params=orch_worker.params, help=orch_worker.help)
