"""What ends a worker on purpose, said to the person who started it.

    WorkerError
    ├── SettingsError    an option, a variable or a file that they name is wrong
    └── StartupError     the settings are right, but the world is not: no such pool, name taken, launcher missing …

The command prints `message` as one paragraph and exits with code 2. What goes wrong with one run ends that run alone:
see `launchers.base.LaunchError`.
"""


class WorkerError(Exception):
    """Base of everything that ends a worker on purpose. `message` says what happened, why, and what to do."""

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message


class SettingsError(WorkerError):
    """An option, a variable or a file that they name is wrong."""


class StartupError(WorkerError):
    """The settings are right, but what they ask for cannot be had now."""
