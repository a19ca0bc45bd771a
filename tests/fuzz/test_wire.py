"""Messages that were valid before a few of their bytes changed, sent to every method.

`tests/rpc/bad_input` sends any values, and any bytes; here the bytes are nearly those of a message.
"""

import grpc
import pytest
from google.protobuf.descriptor import MethodDescriptor
from hypothesis import given
from hypothesis import strategies as st

from tests.fuzz.fuzzing import fuzzed
from tests.fuzz.mutations import mutated_bytes
from tests.rpc.bad_input.caller import assert_answered, call_raw
from tests.rpc.bad_input.strategies import any_message
from tests.rpc.bad_input.world import World, snapshot
from tests.support import contract

pytestmark = pytest.mark.usefixtures("no_failed_calls")
_READING = ("Get", "List", "Count", "Watch", "Preview")


@pytest.mark.parametrize("method", contract.methods(), ids=contract.short_name)
def test_a_message_that_lost_some_bytes_is_answered_or_refused(
    method: MethodDescriptor, channel: grpc.Channel, world: World
) -> None:
    messages = any_message(method.input_type, world).map(lambda message: message.SerializeToString())

    @fuzzed(4)
    @given(mutated_bytes(messages))
    def answered(raw: bytes) -> None:
        assert_answered(call_raw(channel, method, raw), method)

    answered()


def test_what_is_refused_writes_nothing(channel: grpc.Channel, world: World) -> None:
    writing = [method for method in contract.methods() if not method.name.startswith(_READING)]

    @fuzzed(15)
    @given(st.data())
    def unchanged(data: st.DataObject) -> None:
        method = data.draw(st.sampled_from(writing))
        messages = any_message(method.input_type, world).map(lambda message: message.SerializeToString())
        raw = data.draw(mutated_bytes(messages))
        before = snapshot(channel, world)
        answer = call_raw(channel, method, raw)
        assert answer.ok or snapshot(channel, world) == before, answer

    unchanged()
