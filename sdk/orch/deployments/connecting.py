"""A client of the control plane that the settings name, or that runs on the same home."""

from typing import TYPE_CHECKING

from orch.errors import DeploymentError
from orch.settings import Settings, current_settings

if TYPE_CHECKING:
    from orch_client import Client


def open_client() -> "Client":
    """A client, which is a context of its own. It connects with its first call.

    Raises DeploymentError where no control plane is known, errors of `orch_client` for settings that cannot be right.
    """
    settings = current_settings()
    from orch_client.channel import open_channel
    from orch_client.client import Client
    from orch_client.settings import settings_from

    found = settings_from(settings.client_environment(), address=control_plane_address(settings))
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
