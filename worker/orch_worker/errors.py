"""What ends a worker on purpose, said to the person who started it.

    WorkerError
    ├── SettingsError    an option, a variable or a file that they name is wrong
    └── StartupError     the settings are right, but the world is not: no such pool, name taken, launcher missing …
        └── AccessError  the control plane does not let this worker in

The command prints `message` as one paragraph and exits with `exit_code`. What goes wrong with one run ends that run
alone: see `launchers.base.LaunchError`.
"""

from orch_client.errors import OrchClientError, PermissionDeniedError, UnauthenticatedError


class WorkerError(Exception):
    """Base of everything that ends a worker on purpose. `message` says what happened, why, and what to do."""

    exit_code = 2
    """As docs/cli.md has it."""

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message


class SettingsError(WorkerError):
    """An option, a variable or a file that they name is wrong."""


class StartupError(WorkerError):
    """The settings are right, but what they ask for cannot be had now."""


class AccessError(StartupError):
    """The control plane does not let this worker in."""

    exit_code = 4


def refused_at_start(error: OrchClientError) -> StartupError:
    """What a call at the start that was refused means."""
    is_locked_out = isinstance(error, UnauthenticatedError | PermissionDeniedError)
    return (AccessError if is_locked_out else StartupError)(error.message)
