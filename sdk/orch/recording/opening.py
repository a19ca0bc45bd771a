"""Opens the recorder that the settings ask for: remote, embedded, or none."""

from typing import TYPE_CHECKING

from orch.recording.ending import close_at_exit
from orch.recording.recorder import CourierRecorder, NullRecorder, Recorder, is_forked_from_grpc, is_forked_from_sqlite
from orch.settings import Settings, current_settings

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from orch.recording.courier import Plan
    from orch.recording.transport import Transport

_FORKED = (
    "This process is the forked child of one that was connected to the control plane, and neither gRPC nor SQLite works"
    " in such a child: its runs are delivered by another process. What must know that something is stored"
    " (durable=True, exclusive=True) cannot run here. Start processes by the method 'spawn' instead."
)


def open_recorder() -> Recorder:
    """By the current settings. Raises ConfigurationError."""
    settings = current_settings()
    if settings.recording == "off":
        return NullRecorder()
    close_at_exit()
    return CourierRecorder(
        lambda: _plan(settings),
        confirms_first=bool(settings.api_url) and not is_forked_from_grpc(),
        start_timeout_seconds=settings.start_timeout_seconds,
        flush_timeout_seconds=settings.flush_timeout_seconds,
    )


def _plan(settings: Settings) -> "Plan":
    """Called in the courier's thread: only now are asyncio, protobuf and the transport loaded."""
    import random
    import time

    from orch.engine.run_ids import new_run_id
    from orch.recording.batches import Holder
    from orch.recording.courier import Plan
    from orch.recording.processes import ProcessName
    from orch_client.event_loop import quickest_loop
    from orch_client.leases import holder_clock

    target, open_transport, is_embedded = _transport(settings)
    is_forked = is_forked_from_sqlite() if is_embedded else is_forked_from_grpc()
    return Plan(
        open_transport=open_transport,
        target=target,
        holder=Holder(new_run_id(), str(ProcessName.mine())),
        spill_folder=settings.home / "spill",
        clock=holder_clock(),
        wall_ns=time.time_ns,
        chance=random.random,
        # Through a worker, or on disk, there is little to wait for.
        loop_factory=None if is_embedded or is_forked or settings.relay else quickest_loop(),
        offline=_FORKED if is_forked else "",
    )


def _transport(settings: Settings) -> "tuple[str, Callable[[], Awaitable[Transport]], bool]":
    """The control plane's name, what opens the way to it, and whether it is in this process.

    The one that is named, or one found on this home, or else our own.
    """
    from orch.embedded import TARGET, open_embedded
    from orch_client.local_server import find_local_server

    local = None if settings.api_url else find_local_server(settings.home)
    if not settings.api_url and local is None:
        return TARGET, lambda: open_embedded(settings.home), True
    address = settings.api_url or (f"{'https' if local.secure else 'http'}://{local.target}" if local else "")
    target = settings.api_url or TARGET

    async def open_named() -> "Transport":
        from orch.recording.remote import open_remote, remote_settings

        client_settings = remote_settings(settings.client_environment(), address=address)
        return await open_remote(client_settings, target=target, relay=settings.relay)

    return target, open_named, False
