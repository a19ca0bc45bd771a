"""The control plane: found, reached, let in, of the same version, and with the same time."""

import time
from collections.abc import Iterator
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from typing import TYPE_CHECKING

from orch_cli.connection import address
from orch_cli.doctor.findings import Finding, ok, remark, warning, wrong
from orch_cli.failures import Unreachable

if TYPE_CHECKING:
    from orch.settings import Settings
    from orch_client.client import Client
    from orch_client.errors import OrchClientError
    from orch_proto.v1.server_service_pb2 import GetServerInfoResponse

SUBJECT = "control plane"
_SECONDS = 5.0
_SLOW_SECONDS = 1.0
_SKEW_SECONDS = 5.0
"""Clocks further apart than this show times that puzzle."""


def check_address(settings: "Settings") -> Iterator[Finding]:
    """Whether it is known where the control plane is."""
    from orch_client.local_server import FILE_NAME, read_local_server

    stale = read_local_server(settings.home)
    if stale is not None and not stale.alive and not settings.api_url:
        path = settings.home / FILE_NAME
        yield remark(SUBJECT, f"{path} was left behind by a server that is gone (process {stale.process_id}).")
    try:
        address(settings)
    except Unreachable:
        yield remark(
            SUBJECT,
            "None is known: scripts record their runs in their own process; deployments, schedules and workers need"
            " one.",
            "`orch server start` starts one; `orch config set api_url=http://host:4201` names one.",
        )


def check_control_plane(orch: "Client") -> Iterator[Finding]:
    """Whether it answers, and fits. Its last finding is WRONG where it does not answer."""
    from orch_client.errors import OrchClientError

    started = time.monotonic()
    try:
        # The first call connects; the second says how quick it is.
        found = _info(orch)
        connected = time.monotonic()
        _info(orch)
        answered = time.monotonic()
        clock = _skew_seconds(orch)
    except OrchClientError as error:
        yield _unanswered(error)
        return
    yield _speed(orch.settings.url, found, connected - started, answered - connected)
    yield from _versions(found)
    yield from _protocol(found)
    yield from _access(orch)
    yield _clock(clock)


def _info(orch: "Client") -> "GetServerInfoResponse":
    from orch_proto.v1.server_service_pb2 import GetServerInfoRequest

    return orch.server.GetServerInfo(GetServerInfoRequest(), timeout=_SECONDS)


def _unanswered(error: "OrchClientError") -> Finding:
    """The client's own words say what to do."""
    from orch_client.errors import PermissionDeniedError, UnauthenticatedError

    if isinstance(error, UnauthenticatedError | PermissionDeniedError):
        return wrong("key", str(error), "Ask for a key, then `orch config set api_key_file=FILE`.")
    return wrong(SUBJECT, str(error), "")


def _speed(url: str, found: "GetServerInfoResponse", first: float, second: float) -> Finding:
    text = f"{url}, version {found.version}, on {found.database}; it answers in {second * 1000:.0f} ms"
    if second > _SLOW_SECONDS or first > _SECONDS / 2:
        return warning(SUBJECT, f"{text} (the first time in {first:.1f} s).", "See its load, and the network's.")
    return ok(SUBJECT, f"{text}.")


def _versions(found: "GetServerInfoResponse") -> Iterator[Finding]:
    try:
        own = version("orch")
    except PackageNotFoundError:
        return
    if found.version != own:
        yield warning(
            "versions",
            f"The control plane is {found.version}, and this is {own}. What only one of them knows does not work.",
            f"pip install 'orch=={found.version}', or upgrade the control plane.",
        )


def _protocol(found: "GetServerInfoResponse") -> Iterator[Finding]:
    from orch_worker import sessions

    spoken = list(found.protocol_versions)
    if spoken and sessions.PROTOCOL_VERSION not in spoken:
        yield wrong(
            "versions",
            f"A worker of this installation speaks version {sessions.PROTOCOL_VERSION} of the worker protocol, and the"
            f" control plane {', '.join(map(str, spoken))}: it would be refused.",
            "Let both be of the same version.",
        )


def _access(orch: "Client") -> Iterator[Finding]:
    settings = orch.settings
    key = "with a key" if settings.api_key else "without a key"
    if settings.secure:
        yield ok("access", f"Encrypted, {key}.")
    elif settings.address.loopback:
        yield ok("access", f"On this machine, not encrypted, {key}.")
    else:
        yield warning(
            "access",
            f"Not encrypted, {key}: whoever is on the way can read and change everything.",
            "Start the server with --tls-cert and --tls-key, and name it by https://.",
        )


def _skew_seconds(orch: "Client") -> float:
    """How far the control plane's clock is ahead of this one, within a second and a call's time.

    The next time of a schedule that fires every second tells the control plane's clock, and writes nothing.
    """
    from orch_proto.v1.schedule_pb2 import IntervalSpec, Schedule
    from orch_proto.v1.schedule_service_pb2 import PreviewScheduleRequest

    spec = IntervalSpec()
    spec.interval.FromSeconds(1)
    before = datetime.now(UTC)
    response = orch.schedules.PreviewSchedule(
        PreviewScheduleRequest(schedule=Schedule(interval=spec), count=1), timeout=_SECONDS
    )
    after = datetime.now(UTC)
    # Its now lies in the second before that time.
    theirs = response.nominal_times[0].ToDatetime(tzinfo=UTC).timestamp() - 0.5
    return theirs - (before.timestamp() + after.timestamp()) / 2


def _clock(skew: float) -> Finding:
    if abs(skew) <= _SKEW_SECONDS:
        return ok("clock", "This machine's clock and the control plane's agree.")
    return warning(
        "clock",
        f"This machine's clock is {abs(skew):.0f} s {'behind' if skew > 0 else 'ahead of'} the control plane's: times"
        " look wrong. (Leases and schedules go by the database's clock alone.)",
        "Let both keep their time by NTP: timedatectl set-ntp true.",
    )
