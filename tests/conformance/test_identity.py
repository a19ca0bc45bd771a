"""Which control plane this is."""

from orch_server.application.identity import Identity
from tests.conformance.conftest import OpenServer


async def test_all_servers_on_a_database_are_one_control_plane(open_server: OpenServer) -> None:
    one, other = Identity(open_server().store), Identity(open_server().store)

    assert await one.id() == await other.id() == await one.id()
