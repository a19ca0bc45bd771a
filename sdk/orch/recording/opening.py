"""Opens the recorder that the settings ask for: remote, embedded, or none."""

import atexit
from typing import TYPE_CHECKING

from orch.recording.recorder import CourierRecorder, NullRecorder, Recorder, close_recorder
from orch.settings import Settings, current_settings

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from orch.recording.courier import Plan
    from orch.recording.transport import Transport

_registered = False


def open_recorder() -> Recorder:
    """By the current settings. Raises ConfigurationError."""
    settings = current_settings()
    if settings.recording == "off":
        return NullRecorder()
    _close_at_exit()
    return CourierRecorder(
        lambda: _plan(settings),
        confirms_first=bool(settings.api_url),
        start_timeout_seconds=settings.start_timeout_seconds,
        flush_timeout_seconds=settings.flush_timeout_seconds,
    )


def _close_at_exit() -> None:
    global _registered
    if not _registered:
        _registered = True
        atexit.register(close_recorder)


def _plan(settings: Settings) -> "Plan":
    """Called in the courier's thread: only now are asyncio, protobuf and the transport loaded."""
    import random
    import time

    from orch.engine.run_ids import new_run_id
    from orch.recording.batches import Holder
    from orch.recording.courier import Plan
    from orch.recording.processes import ProcessName
    from orch_client.leases import holder_clock

    target, open_transport = _transport(settings)
    return Plan(
        open_transport=open_transport,
        target=target,
        holder=Holder(new_run_id(), str(ProcessName.mine())),
        spill_folder=settings.home / "spill",
        clock=holder_clock(),
        wall_ns=time.time_ns,
        chance=random.random,
    )


def _transport(settings: Settings) -> "tuple[str, Callable[[], Awaitable[Transport]]]":
    """The control plane's name, and what opens the way to it: to the one named, one found on this home, or our own."""
    from orch.embedded import TARGET, open_embedded
    from orch_client.local_server import find_local_server

    local = None if settings.api_url else find_local_server(settings.home)
    if not settings.api_url and local is None:
        return TARGET, lambda: open_embedded(settings.home)
    address = settings.api_url or (f"{'https' if local.secure else 'http'}://{local.target}" if local else "")
    target = settings.api_url or TARGET

    async def open_named() -> "Transport":
        from orch.recording.remote import open_remote, remote_settings

        return await open_remote(remote_settings(settings.client_environment(), address=address), target=target)

    return target, open_named
