"""The control plane that commands talk to: the one the settings name, or one that runs on the same home."""

import os
from typing import TYPE_CHECKING

from orch_cli.failures import Unreachable

if TYPE_CHECKING:
    from orch.settings import Settings
    from orch_client.client import Client

CALL_SECONDS = 30.0
"""How long one call may take: somebody waits."""
_ATTEMPTS = 4
"""A control plane that is not there after this many, within two seconds, is told of, not waited for."""


def client() -> "Client":
    """A client, which is a context of its own: `with client() as orch: …`. It connects with the first call.

    By ORCH_API_URL or the profile; else the server that runs on ORCH_HOME. Raises Unreachable where there is neither,
    and the SDK's or the client's ConfigurationError for settings that cannot be right.
    """
    # gRPC's own remarks about connections are said better by our errors.
    os.environ.setdefault("GRPC_VERBOSITY", "NONE")
    from orch_client.channel import open_channel
    from orch_client.client import Client
    from orch_client.retry import RetryRule
    from orch_client.settings import settings_from

    settings = settings_in_use()
    found = settings_from(
        settings.client_environment(),
        address=address(settings),
        timeout=CALL_SECONDS,
        retry=RetryRule(max_attempts=_ATTEMPTS, max_delay_seconds=1.0),
    )
    return Client(open_channel(found), found)


def settings_in_use() -> "Settings":
    """The settings of this command. Raises the SDK's ConfigurationError."""
    from orch.settings import load

    return load(os.environ)


def address(settings: "Settings") -> str:
    """Where the control plane is. Raises Unreachable where none is known."""
    if settings.api_url:
        return settings.api_url
    from orch_client.local_server import find_local_server

    found = find_local_server(settings.home)
    if found is None:
        raise Unreachable(
            "No control plane is known: ORCH_API_URL is not set, no profile names one, and none runs on"
            f" {settings.home}."
            " Start one with `orch server start` (it has the runs of this home's scripts, too), or name one:"
            " ORCH_API_URL=http://host:4201, or `orch profile create`."
        )
    return f"{'https' if found.secure else 'http'}://{found.target}"
