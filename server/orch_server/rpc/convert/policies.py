"""Policies of retry and recovery."""

import math
from collections.abc import Sequence
from datetime import timedelta
from functools import partial

from google.protobuf.duration_pb2 import Duration

from orch_proto.v1 import policy_pb2
from orch_server.application.errors import InvalidArgument
from orch_server.domain.policies import NO_RECOVERY, NO_RETRY, RecoveryPolicy, RetryPolicy
from orch_server.rpc.convert.basics import from_duration, to_duration
from orch_server.rpc.convert.findings import Findings

MOST_RETRIES = 1000
MOST_DELAYS = 1000
MOST_RESTARTS = 1000
LONGEST_DELAY = timedelta(days=365)
LARGEST_JITTER = 10.0


def to_retry_policy(message: policy_pb2.RetryPolicy, field: str) -> RetryPolicy:
    """A retry policy from the wire. InvalidArgument names each wrong field of it, under `field`."""
    with Findings() as findings:
        findings.expect(
            0 <= message.max_retries <= MOST_RETRIES,
            f"{field}.max_retries",
            f"{message.max_retries} is not between 0 and {MOST_RETRIES}.",
        )
        findings.expect(
            math.isfinite(message.jitter_factor) and 0 <= message.jitter_factor <= LARGEST_JITTER,
            f"{field}.jitter_factor",
            f"{message.jitter_factor} is not between 0 and {LARGEST_JITTER:g}.",
        )
        none: tuple[timedelta, ...] = ()
        delays = findings.read(lambda: _to_delays(message.delays, f"{field}.delays"), none)
    return RetryPolicy(message.max_retries, delays, message.jitter_factor)


def _to_delays(messages: Sequence[Duration], field: str) -> tuple[timedelta, ...]:
    if len(messages) > MOST_DELAYS:
        raise InvalidArgument.of(field, f"{len(messages)} delays are more than the limit of {MOST_DELAYS}.")
    with Findings() as findings:
        delays = [
            findings.read(partial(_to_delay, message, f"{field}[{place}]"), timedelta(0))
            for place, message in enumerate(messages)
        ]
    return tuple(delays)


def _to_delay(message: Duration, field: str) -> timedelta:
    delay = from_duration(message, field)
    if delay > LONGEST_DELAY:
        raise InvalidArgument.of(field, f"{delay} is more than the limit of {LONGEST_DELAY.days} days.")
    return delay


def retry_policy_message(policy: RetryPolicy) -> policy_pb2.RetryPolicy | None:
    """A retry policy on the wire; absent where there is none."""
    if policy is NO_RETRY or policy == NO_RETRY:
        return None
    delays = [duration for delay in policy.delays if (duration := to_duration(delay)) is not None]
    return policy_pb2.RetryPolicy(max_retries=policy.max_retries, delays=delays, jitter_factor=policy.jitter_factor)


def to_recovery_policy(message: policy_pb2.RecoveryPolicy, field: str) -> RecoveryPolicy:
    """A recovery policy from the wire. InvalidArgument names the wrong field of it, under `field`."""
    with Findings() as findings:
        findings.expect(
            0 <= message.crash_restarts <= MOST_RESTARTS,
            f"{field}.crash_restarts",
            f"{message.crash_restarts} is not between 0 and {MOST_RESTARTS}.",
        )
    return RecoveryPolicy(message.crash_restarts, message.durable, message.exclusive)


def recovery_policy_message(policy: RecoveryPolicy) -> policy_pb2.RecoveryPolicy | None:
    """A recovery policy on the wire; absent where there is none."""
    if policy is NO_RECOVERY or policy == NO_RECOVERY:
        return None
    return policy_pb2.RecoveryPolicy(
        crash_restarts=policy.crash_restarts, durable=policy.durable, exclusive=policy.exclusive
    )
