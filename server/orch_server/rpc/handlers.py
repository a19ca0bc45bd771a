"""grpc's handlers, taken apart and put together again by whoever wraps them.

A wrapper is always a coroutine function, for streamed answers too: it writes them itself. A wrapping async generator
would be closed by the garbage collector, in another task, when a caller leaves; a coroutine is unwound at once.
"""

from collections.abc import Awaitable, Callable
from contextlib import aclosing
from inspect import isasyncgenfunction, iscoroutinefunction
from typing import TYPE_CHECKING, Any

import grpc

# grpc itself knows no more: a handler takes and gives any message, or bytes where a wrapper does the conversion.
if TYPE_CHECKING:
    Context = grpc.aio.ServicerContext[Any, Any]
    Handler = grpc.RpcMethodHandler[Any, Any]
else:  # Only the stubs of these classes have parameters.
    Context = grpc.aio.ServicerContext
    Handler = grpc.RpcMethodHandler
Continuation = Callable[[grpc.HandlerCallDetails], Awaitable[Handler | None]]
Behavior = Callable[[Any, Context], Awaitable[Any]]
Decode = Callable[[bytes], Any]
Encode = Callable[[Any], bytes]

_MAKERS = {
    (False, False): grpc.unary_unary_rpc_method_handler,
    (False, True): grpc.unary_stream_rpc_method_handler,
    (True, False): grpc.stream_unary_rpc_method_handler,
    (True, True): grpc.stream_stream_rpc_method_handler,
}


def function_of(handler: Handler) -> Callable[..., Any]:
    """The servicer's function behind a handler, whichever of the four kinds it is."""
    function = handler.unary_unary or handler.unary_stream or handler.stream_unary or handler.stream_stream
    if function is None:
        raise TypeError("This handler has no function.")
    return function


def is_async(handler: Handler) -> bool:
    """Whether it runs on the event loop. Others would run in a thread."""
    function = function_of(handler)
    return iscoroutinefunction(function) or isasyncgenfunction(function)


def behavior_of(handler: Handler) -> Behavior:
    """The handler's function as a coroutine function, which returns its answer or writes its answers."""
    function = function_of(handler)
    if not isasyncgenfunction(function):
        return function

    async def write_all(request: object, context: Context) -> None:
        async with aclosing(function(request, context)) as answers:
            async for answer in answers:
                await context.write(answer)

    return write_all


def rebuilt(handler: Handler, behavior: Behavior, *, decode: Decode | None, encode: Encode | None) -> Handler:
    """A handler of the same kind with another function, whose requests and answers gRPC converts like this; None: it
    takes and gives bytes."""
    make = _MAKERS[handler.request_streaming, handler.response_streaming]
    return make(behavior, decode, encode)
