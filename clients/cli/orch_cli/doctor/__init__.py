"""`orch doctor`: says what is wrong with this installation, and how to mend it."""

import os
from collections.abc import Generator, Iterator
from dataclasses import asdict
from typing import TYPE_CHECKING

import click

from orch_cli.doctor.findings import Finding, Status, wrong
from orch_cli.failures import FAILED, Unreachable
from orch_cli.output import Column, Format, note, output_option, show_list

if TYPE_CHECKING:
    from orch.settings import Settings

_STYLES = {Status.OK: "green", Status.NOTE: "cyan", Status.WARNING: "yellow", Status.WRONG: "bold red"}


def _text(each: Finding) -> str:
    return f"{each.message} → {each.remedy}" if each.remedy else each.message


_COLUMNS: list[Column[Finding]] = [
    Column("STATUS", lambda each: each.status.value, style=lambda each: _STYLES[each.status]),
    Column("WHAT", lambda each: each.subject),
    Column("HOW IT IS", _text, may_wrap=True),
]


@click.command("doctor")
@output_option
@click.pass_context
def doctor(ctx: click.Context, output: Format) -> None:
    """Say what is wrong with this installation, and how to mend it.

    Looks at versions, settings, the home directory and its disk, the control plane (address, key, TLS, clock), late
    runs, workers, and the programs that workers call. Exit code 1 where something does not work; warnings are no
    failure."""
    found = list(findings())
    show_list(found, _COLUMNS, output=output, empty="", whole=asdict)
    count = {status: sum(each.status is status for each in found) for status in Status}
    if count[Status.WRONG]:
        note(f"\n{count[Status.WRONG]} of these must be mended.")
        ctx.exit(FAILED)
    warnings = count[Status.WARNING]
    note(f"\n{warnings} warning{'s' if warnings > 1 else ''}." if warnings else "\nAll is well.")


def findings() -> Iterator[Finding]:
    """Everything, from what the rest stands on to what stands on it."""
    from orch.errors import ConfigurationError
    from orch.settings import load
    from orch_cli.doctor.home import check_home
    from orch_cli.doctor.installation import check_installation, check_programs

    yield from check_installation()
    try:
        settings = load(os.environ)
    except ConfigurationError as error:
        yield wrong("settings", str(error), "`orch config set` or `orch profile use`, or mend the variable.")
        return
    yield from check_home(settings)
    types = yield from _control_plane(settings)
    yield from check_programs(types)


def _control_plane(settings: "Settings") -> Generator[Finding, None, frozenset[str]]:
    """Findings, and the types of the pools that there are."""
    from orch_cli.connection import client
    from orch_cli.doctor.control_plane import check_address, check_control_plane
    from orch_cli.doctor.work import check_work, pool_types
    from orch_cli.work_pool.views import pools
    from orch_client.errors import ConfigurationError as WrongAccess
    from orch_client.errors import OrchClientError

    yield from check_address(settings)
    try:
        with client() as orch:
            found = list(check_control_plane(orch))
            yield from found
            if any(each.status is Status.WRONG for each in found):
                return frozenset()
            served = pools(orch)
            yield from check_work(orch, served)
            return pool_types(served)
    except Unreachable:
        return frozenset()  # told by check_address
    except WrongAccess as error:
        yield wrong("access", str(error), "")
    except OrchClientError as error:
        yield wrong("control plane", str(error), "Its own log says more.")
    return frozenset()
