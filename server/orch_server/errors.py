"""What stops the server from starting, said to the person who starts it.

    OrchServerError
    ├── SettingsError    an option, a variable or a file that they name is wrong
    └── StartupError     the settings are right, but the world is not: port taken, database newer than the server …

The command prints `message` as one paragraph and exits with code 2; nobody should have to read a traceback for these.
Errors of requests are another family: see `application/errors.py`.
"""


class OrchServerError(Exception):
    """Base of everything that ends a start on purpose. `message` says what happened, why, and what to do."""

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message


class SettingsError(OrchServerError):
    """An option, a variable or a file that they name is wrong."""


class StartupError(OrchServerError):
    """The settings are right, but what they ask for cannot be had now."""
