"""A client of the control plane that the settings name, or that runs on the same home."""

import sys
import time
from typing import TYPE_CHECKING

from orch.errors import DeploymentError
from orch.settings import Settings, current_settings

if TYPE_CHECKING:
    from orch_client import Client
    from orch_client.errors import OrchClientError


BRIEFLY = 4
"""So many attempts end within two seconds, where somebody waits who can start a control plane."""
_LONGEST_PAUSE_SECONDS = 2.0


def await_control_plane() -> None:
    """Return once the control plane answers. While it is away, standard error says so, once, and what to do.

    Raises DeploymentError where none is known, errors of `orch_client` for what waiting does not mend: a wrong key.
    """
    from orch_client.errors import DeadlineError, OverloadedError, UnavailableError
    from orch_proto.v1.server_service_pb2 import GetServerInfoRequest

    with open_client(attempts=1) as client:
        failures = 0
        while True:
            try:
                client.server.GetServerInfo(GetServerInfoRequest(), timeout=10)
                break
            except (UnavailableError, DeadlineError, OverloadedError) as error:
                failures += 1
                if failures == 1:
                    sys.stderr.write(f"{error}\nWaiting until it answers; Ctrl-C ends this.\n")
                time.sleep(_pause_seconds(failures, error))
    if failures:
        sys.stderr.write("The control plane answers.\n")


def _pause_seconds(failures: int, error: "OrchClientError") -> float:
    return max(error.retry_after_seconds or 0.0, min(_LONGEST_PAUSE_SECONDS, 0.1 * 2.0 ** min(failures, 10)))


def open_client(*, attempts: int | None = None) -> "Client":
    """A client, which is a context of its own. It connects with its first call.

    attempts: how often a call is sent to a control plane that is away; None: as long as running flows wait for it.
    Raises DeploymentError where no control plane is known, errors of `orch_client` for settings that cannot be right.
    """
    settings = current_settings()
    from orch_client.channel import open_channel
    from orch_client.client import Client
    from orch_client.retry import RetryRule
    from orch_client.settings import settings_from

    retry = RetryRule() if attempts is None else RetryRule(max_attempts=attempts, max_delay_seconds=1.0)
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
