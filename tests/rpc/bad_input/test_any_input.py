"""Whatever is sent to whichever method: it is answered, or refused for a reason. Never INTERNAL, UNKNOWN or a hang."""

import os

import grpc
import pytest
from google.protobuf.descriptor import MethodDescriptor
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.rpc.bad_input.caller import assert_answered, call, call_raw
from tests.rpc.bad_input.strategies import any_message
from tests.rpc.bad_input.world import World
from tests.support import contract

pytestmark = pytest.mark.slow

EXAMPLES = int(os.environ.get("ORCH_TEST_EXAMPLES", "25"))
"""Messages a method and database. For a longer hunt: ORCH_TEST_EXAMPLES=1000 pytest --timeout=0 …"""

every_method = pytest.mark.parametrize("method", contract.methods(), ids=contract.short_name)
hunting = settings(
    max_examples=EXAMPLES,
    deadline=None,
    print_blob=True,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.filter_too_much],
)


@every_method
def test_an_empty_message(method: MethodDescriptor, channel: grpc.Channel) -> None:
    assert_answered(call(channel, contract.request_class(method)()), method)


@every_method
def test_any_message(method: MethodDescriptor, channel: grpc.Channel, world: World) -> None:
    @hunting
    @given(any_message(method.input_type, world))
    def answered(message: object) -> None:
        assert isinstance(message, contract.request_class(method))
        assert_answered(call(channel, message), method)

    answered()


@every_method
def test_any_bytes(method: MethodDescriptor, channel: grpc.Channel) -> None:
    @hunting
    @given(st.binary(max_size=64))
    def answered(raw: bytes) -> None:
        assert_answered(call_raw(channel, method, raw), method)

    answered()


def test_a_message_over_the_size_limit(channel: grpc.Channel) -> None:
    method = next(each for each in contract.methods() if each.name == "CreateFlowRun")

    answer = call_raw(channel, method, b"\x22\x80\x80\x80\x10" + b"a" * (32 << 20), seconds=30)

    assert answer.code == "RESOURCE_EXHAUSTED"
    assert "16777216" in answer.message
