"""`orch server …`: the control plane on this machine."""

import click

from orch_server.command import migrate, start

server = click.Group("server", help="Start and migrate the control plane.", commands=[start, migrate])
