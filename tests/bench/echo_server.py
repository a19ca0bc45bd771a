"""`python -m tests.bench.echo_server`: the least that a gRPC server in Python can do. Prints its address and serves."""

import grpc
import uvloop

SERVICE, METHOD = "bench.Echo", "Echo"


async def _echo(request: bytes, context: object) -> bytes:
    return request


async def main() -> None:
    """Serve until killed."""
    server = grpc.aio.server()
    handlers: dict[str, grpc.RpcMethodHandler[bytes, bytes]] = {METHOD: grpc.unary_unary_rpc_method_handler(_echo)}
    server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler(SERVICE, handlers),))
    port = server.add_insecure_port("127.0.0.1:0")
    await server.start()
    print(f"127.0.0.1:{port}", flush=True)
    await server.wait_for_termination()


if __name__ == "__main__":
    uvloop.run(main())
