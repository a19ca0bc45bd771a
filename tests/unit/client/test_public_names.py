import subprocess
import sys

import pytest

import orch_client


@pytest.mark.parametrize("name", orch_client.__all__)
def test_every_public_name_is_there(name: str) -> None:
    assert getattr(orch_client, name) is not None


def test_an_unknown_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        _ = orch_client.nothing


@pytest.mark.parametrize(
    ("statement", "heavy"),
    [
        ("import orch_client", ("grpc", "google.protobuf", "orch_proto", "asyncio")),
        ("from orch_client import NotFoundError, LeaseKeeper, ClientSettings", ("grpc", "google.protobuf", "asyncio")),
        ("from orch_client import connect", ("orch_proto.v1.flow_run_pb2", "orch_client.async_client")),
    ],
)
def test_nothing_is_loaded_before_it_is_used(statement: str, heavy: tuple[str, ...]) -> None:
    program = f"{statement}; import sys; print(sorted(set({heavy!r}) & set(sys.modules)))"

    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)

    assert done.stdout.strip() == "[]"
