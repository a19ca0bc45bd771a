"""A client of the control plane that the settings name, or that runs on the same home."""

from typing import TYPE_CHECKING

from orch.errors import DeploymentError
from orch.settings import Settings, current_settings

if TYPE_CHECKING:
    from orch_client import Client


_ATTEMPTS = 4
"""Within two seconds, where somebody waits who can start a control plane."""


def open_client(*, patient: bool = True) -> "Client":
    """A client, which is a context of its own. It connects with its first call.

    patient: whether a control plane that is away is waited for, as running flows do. Raises DeploymentError where no
    control plane is known, errors of `orch_client` for settings that cannot be right.
    """
    settings = current_settings()
    from orch_client.channel import open_channel
    from orch_client.client import Client
    from orch_client.retry import RetryRule
    from orch_client.settings import settings_from

    retry = RetryRule() if patient else RetryRule(max_attempts=_ATTEMPTS, max_delay_seconds=1.0)
    found = settings_from(settings.client_environment(), address=control_plane_address(settings), retry=retry)
    return Client(open_channel(found), found)


def control_plane_address(settings: Settings) -> str:
    """Where the control plane is. Raises DeploymentError where none is known: deployments need one that stays."""
    if settings.api_url:
        return settings.api_url
    from orch_client.local_server import find_local_server

    found = find_local_server(settings.home)
    if found is None:
        raise DeploymentError(
            f"No control plane is known: ORCH_API_URL is not set, no profile is in use, and none runs on"
            f" {settings.home}. Start one with `orch server start`, or set ORCH_API_URL=http://host:4201."
        )
    return f"{'https' if found.secure else 'http'}://{found.target}"
