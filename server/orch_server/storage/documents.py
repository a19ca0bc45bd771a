"""Small values kept as JSON text in one column. Nothing at all is kept as NULL, and absent keys mean the default.

Keys are stored for long: rename none, and give new ones a default.
"""

import json
from datetime import timedelta
from typing import Any

from orch_server.domain.launch import NO_LAUNCH_SPEC, LaunchSpec
from orch_server.domain.policies import NO_RECOVERY, NO_RETRY, RecoveryPolicy, RetryPolicy
from orch_server.domain.states import Failure

_MICROSECOND = timedelta(microseconds=1)


def dump_retry(policy: RetryPolicy) -> str | None:
    """A retry policy as text; None for none."""
    if policy is NO_RETRY or policy == NO_RETRY:
        return None
    return _dump(
        max_retries=policy.max_retries,
        delays_us=[delay // _MICROSECOND for delay in policy.delays],
        jitter_factor=policy.jitter_factor,
    )


def load_retry(text: str | None) -> RetryPolicy:
    """The retry policy that a text holds."""
    if text is None:
        return NO_RETRY
    stored = json.loads(text)
    return RetryPolicy(
        max_retries=stored.get("max_retries", 0),
        delays=tuple(each * _MICROSECOND for each in stored.get("delays_us", ())),
        jitter_factor=stored.get("jitter_factor", 0.0),
    )


def dump_recovery(policy: RecoveryPolicy) -> str | None:
    """A recovery policy as text; None for none."""
    if policy is NO_RECOVERY or policy == NO_RECOVERY:
        return None
    return _dump(crash_restarts=policy.crash_restarts, durable=policy.durable, exclusive=policy.exclusive)


def load_recovery(text: str | None) -> RecoveryPolicy:
    """The recovery policy that a text holds."""
    if text is None:
        return NO_RECOVERY
    stored = json.loads(text)
    return RecoveryPolicy(
        crash_restarts=stored.get("crash_restarts", 0),
        durable=stored.get("durable", False),
        exclusive=stored.get("exclusive", False),
    )


def dump_launch_spec(spec: LaunchSpec) -> str:
    """A launch spec as text, never NULL."""
    return _dump(
        entrypoint=spec.entrypoint,
        command=list(spec.command),
        pull_steps=spec.pull_steps,
        job_variables=spec.job_variables,
    )


def load_launch_spec(text: str | None) -> LaunchSpec:
    """The launch spec that a text holds; an empty one for None, as where a run has no deployment."""
    if text is None:
        return NO_LAUNCH_SPEC
    stored = json.loads(text)
    return LaunchSpec(
        entrypoint=stored.get("entrypoint", ""),
        command=tuple(stored.get("command", ())),
        pull_steps=stored.get("pull_steps", ""),
        job_variables=stored.get("job_variables", ""),
    )


def dump_failure(failure: Failure | None) -> str | None:
    """A failure as text; None for none."""
    if failure is None:
        return None
    return _dump(
        type=failure.type, message=failure.message, stack_trace=failure.stack_trace, retryable=failure.retryable
    )


def load_failure(text: str | None) -> Failure | None:
    """The failure that a text holds; None for None."""
    if text is None:
        return None
    stored = json.loads(text)
    return Failure(
        type=stored.get("type", ""),
        message=stored.get("message", ""),
        stack_trace=stored.get("stack_trace", ""),
        retryable=stored.get("retryable"),
    )


def dump_texts(texts: tuple[str, ...]) -> str:
    """A list of texts, such as tags, as text."""
    return json.dumps(texts, separators=(",", ":")) if texts else "[]"


def load_texts(text: str) -> tuple[str, ...]:
    """The list of texts that a text holds."""
    return tuple(json.loads(text))


def _dump(**values: Any) -> str:  # noqa: ANN401 - whatever JSON takes
    """JSON without the keys that have no value. In ASCII: what Postgres cannot keep in a text, as NUL, is escaped."""
    kept = {key: value for key, value in values.items() if value is not None and value not in ("", [])}
    return json.dumps(kept, separators=(",", ":"))
