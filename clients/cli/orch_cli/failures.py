"""What a command says when it does not succeed, and the exit codes that scripts can build on.

    0    done
    1    it failed, or the run that was waited for did
    2    the command line, a file that it names or a setting is wrong; nothing was done
    3    no such run, deployment, pool …
    4    the control plane cannot be reached, or does not let us in
    5    the run that was waited for was cancelled
    6    the run that was waited for crashed
    124  what was waited for took longer than --timeout
    130  Ctrl-C

A command raises `Failed`, `Wrong` or `NotFound`, or lets an error of orch_client or of the SDK through: `told` makes
it one paragraph on standard error.
"""

import sys
from typing import IO, TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from orch_client.errors import OrchClientError

OK = 0
FAILED = 1
WRONG = 2
NOT_FOUND = 3
UNREACHABLE = 4
CANCELLED = 5
CRASHED = 6
TIMED_OUT = 124
INTERRUPTED = 130


class Failed(click.ClickException):
    """It did not work: exit code 1, or another one."""

    def __init__(self, message: str, *, exit_code: int = FAILED) -> None:
        """`message` says what happened, why, and what to do next."""
        super().__init__(message)
        # click's base has one code for all; this one's is its own.
        self.__dict__["exit_code"] = exit_code

    def show(self, file: IO[Any] | None = None) -> None:
        """On standard error; nothing where there is nothing left to say."""
        if self.message:
            from orch_cli.output.terminals import clean

            click.echo(f"orch: {clean(self.message)}", file=file, err=True)


class Wrong(Failed):
    """The command line, a file that it names or a setting is wrong."""

    def __init__(self, message: str) -> None:
        """`message` names what is wrong, and says what to write."""
        super().__init__(message, exit_code=WRONG)


class NotFound(Failed):
    """A thing that the command line names is not there."""

    def __init__(self, message: str) -> None:
        """`message` names it, and what there is instead."""
        super().__init__(message, exit_code=NOT_FOUND)


class Unreachable(Failed):
    """There is no control plane to talk to."""

    def __init__(self, message: str) -> None:
        """`message` says how to have one."""
        super().__init__(message, exit_code=UNREACHABLE)


def told(error: BaseException) -> click.ClickException | None:
    """The error as a command says it; None for one that nobody expected, which keeps its traceback."""
    if isinstance(error, KeyboardInterrupt | click.Abort):
        return Failed("Interrupted.", exit_code=INTERRUPTED)
    # Where these modules are not loaded, the error is none of theirs.
    client_errors = sys.modules.get("orch_client.errors")
    if client_errors is not None and isinstance(error, client_errors.OrchClientError):
        return _told_of_call(error)
    sdk_errors = sys.modules.get("orch.errors")
    if sdk_errors is not None and isinstance(error, sdk_errors.ConfigurationError):
        return Wrong(str(error))
    if sdk_errors is not None and isinstance(error, sdk_errors.OrchError):
        return Failed(str(error))
    return None


def _told_of_call(error: "OrchClientError") -> Failed:
    from orch_client import errors

    codes = {
        errors.NotFoundError: NOT_FOUND,
        errors.InvalidArgumentError: WRONG,
        errors.ConfigurationError: WRONG,
        errors.UnavailableError: UNREACHABLE,
        errors.DeadlineError: UNREACHABLE,
        errors.UnauthenticatedError: UNREACHABLE,
        errors.PermissionDeniedError: UNREACHABLE,
    }
    # People write `-p day=…`, not the contract's field.
    lines = [error.message.replace("parameters_json.", "")]
    if isinstance(error, errors.InvalidArgumentError):
        unsaid = [each for each in error.violations if each.description not in error.message]
        lines += [f"  {each.field.removeprefix('parameters_json.')}: {each.description}" for each in unsaid]
    return Failed("\n".join(lines), exit_code=codes.get(type(error), FAILED))
