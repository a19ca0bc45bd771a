"""Policies on the wire: limits, precise complaints, and back again."""

import math
from datetime import timedelta

import pytest
from google.protobuf.duration_pb2 import Duration

from orch_proto.v1.policy_pb2 import RecoveryPolicy as RecoveryMessage
from orch_proto.v1.policy_pb2 import RetryPolicy as RetryMessage
from orch_server.application.errors import InvalidArgument
from orch_server.domain.policies import NO_RECOVERY, NO_RETRY, RecoveryPolicy, RetryPolicy
from orch_server.rpc.convert.policies import (
    recovery_policy_message,
    retry_policy_message,
    to_recovery_policy,
    to_retry_policy,
)
from orch_server.storage.documents import dump_recovery, dump_retry, load_recovery, load_retry

RETRIES = [NO_RETRY, RetryPolicy(1000), RetryPolicy(3, (timedelta(0), timedelta(microseconds=1500)), 10.0)]
RECOVERIES = [NO_RECOVERY, RecoveryPolicy(1000), RecoveryPolicy(0, durable=True), RecoveryPolicy(1, exclusive=True)]


@pytest.mark.parametrize("policy", RETRIES)
def test_a_retry_policy_survives_wire_and_store(policy: RetryPolicy) -> None:
    message = retry_policy_message(policy)

    assert to_retry_policy(message or RetryMessage(), "retry_policy") == policy
    assert load_retry(dump_retry(policy)) == policy


@pytest.mark.parametrize("policy", RECOVERIES)
def test_a_recovery_policy_survives_wire_and_store(policy: RecoveryPolicy) -> None:
    message = recovery_policy_message(policy)

    assert to_recovery_policy(message or RecoveryMessage(), "recovery_policy") == policy
    assert load_recovery(dump_recovery(policy)) == policy


@pytest.mark.parametrize(
    ("message", "field"),
    [
        (RetryMessage(max_retries=-1), "p.max_retries"),
        (RetryMessage(max_retries=1001), "p.max_retries"),
        (RetryMessage(jitter_factor=math.nan), "p.jitter_factor"),
        (RetryMessage(jitter_factor=math.inf), "p.jitter_factor"),
        (RetryMessage(jitter_factor=-0.1), "p.jitter_factor"),
        (RetryMessage(jitter_factor=10.1), "p.jitter_factor"),
        (RetryMessage(delays=[Duration(seconds=1), Duration(seconds=-1)]), "p.delays[1]"),
        (RetryMessage(delays=[Duration(seconds=365 * 86400 + 1)]), "p.delays[0]"),
        (RetryMessage(delays=[Duration(nanos=2_000_000_000)]), "p.delays[0]"),
        (RetryMessage(delays=[Duration()] * 1001), "p.delays"),
    ],
)
def test_a_wrong_retry_policy_is_refused_by_field(message: RetryMessage, field: str) -> None:
    with pytest.raises(InvalidArgument) as caught:
        to_retry_policy(message, "p")

    assert [violation.field for violation in caught.value.violations] == [field]


def test_everything_wrong_is_said_at_once() -> None:
    message = RetryMessage(max_retries=-1, jitter_factor=math.nan, delays=[Duration(seconds=-1)] * 2)

    with pytest.raises(InvalidArgument) as caught:
        to_retry_policy(message, "p")

    fields = [violation.field for violation in caught.value.violations]
    assert fields == ["p.max_retries", "p.jitter_factor", "p.delays[0]", "p.delays[1]"]


@pytest.mark.parametrize("restarts", [-1, 1001])
def test_a_wrong_recovery_policy_is_refused(restarts: int) -> None:
    with pytest.raises(InvalidArgument, match=r"p\.crash_restarts"):
        to_recovery_policy(RecoveryMessage(crash_restarts=restarts), "p")
