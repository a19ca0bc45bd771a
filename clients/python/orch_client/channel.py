"""gRPC channels for sync and async clients, with the same options."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, ParamSpec, TypeVar

import grpc
import grpc.aio

from orch_client.errors import CallCancelledError
from orch_client.settings import ClientSettings

P = ParamSpec("P")
T = TypeVar("T")

MAX_MESSAGE_BYTES = 16 * 1024 * 1024
"""Largest message either way; the control plane's own limit is in GetServerInfo."""

KEEPALIVE_SECONDS = 30
"""A quiet connection with calls on it is pinged this often, so that a dead peer or a forgetful proxy is noticed. The
control plane must allow it: a stock gRPC server takes more than one ping in 5 minutes for an attack, and hangs up.
"""

KEEPALIVE_TIMEOUT_SECONDS = 10
"""A ping that is not answered within this time means that the connection is dead."""


def channel_options(settings: ClientSettings) -> Sequence[tuple[str, str | int]]:
    """Channel arguments (https://grpc.github.io/grpc/core/group__grpc__arg__keys.html)."""
    options: list[tuple[str, str | int]] = [
        ("grpc.max_receive_message_length", MAX_MESSAGE_BYTES),
        ("grpc.max_send_message_length", MAX_MESSAGE_BYTES),
        ("grpc.keepalive_time_ms", KEEPALIVE_SECONDS * 1000),
        ("grpc.keepalive_timeout_ms", KEEPALIVE_TIMEOUT_SECONDS * 1000),
        # Long polls and watches send nothing for long: ping as long as it takes.
        ("grpc.http2.max_pings_without_data", 0),
        # A control plane that comes back is found within seconds; gRPC's own backoff goes up to 2 minutes.
        ("grpc.initial_reconnect_backoff_ms", 100),
        ("grpc.max_reconnect_backoff_ms", 5000),
        # Every client has its own connection: heartbeats do not queue behind another client's logs.
        ("grpc.use_local_subchannel_pool", 1),
    ]
    if settings.address.loopback:
        # gRPC honours http_proxy, also for this very machine.
        options.append(("grpc.enable_http_proxy", 0))
    return options


def open_channel(settings: ClientSettings) -> grpc.Channel:
    """A channel for sync calls. Connects when it is first used. Raises ConfigurationError for unreadable TLS files."""
    target, options = settings.address.target, channel_options(settings)
    if settings.secure:
        return grpc.secure_channel(target, _credentials(settings), options)
    return grpc.insecure_channel(target, options)


def open_async_channel(settings: ClientSettings) -> grpc.aio.Channel:
    """A channel for the running event loop; otherwise as `open_channel`."""
    target, options = settings.address.target, channel_options(settings)
    if settings.secure:
        return grpc.aio.secure_channel(target, _credentials(settings), options)
    return grpc.aio.insecure_channel(target, options)


def serializers(wiring: Mapping[str, object]) -> Mapping[str, Any]:
    """What a channel needs of the arguments with which a generated stub asks for a method.

    `_registered_method` is left out: on a channel that was closed it ends the process (grpcio 1.76, in
    `_get_registered_call_handle`), and stubs are made late here.
    """
    return {name: wiring[name] for name in ("request_serializer", "response_deserializer") if name in wiring}


def refusing_when_closed(send: Callable[P, T], is_closed: Callable[[], bool]) -> Callable[P, T]:
    """`send` of a channel, with CallCancelledError in place of gRPC's own complaint that the channel is closed."""

    def refusing(*args: P.args, **kwargs: P.kwargs) -> T:
        try:
            return send(*args, **kwargs)
        except (ValueError, grpc.aio.UsageError):
            if is_closed():
                raise CallCancelledError("The client is closed. Connect again.") from None
            raise

    return refusing


def _credentials(settings: ClientSettings) -> grpc.ChannelCredentials:
    files = settings.tls.read()
    return grpc.ssl_channel_credentials(files.ca, files.key, files.certificate)
