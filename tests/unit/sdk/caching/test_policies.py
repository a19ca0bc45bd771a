"""What makes two runs of a task alike."""

import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest

from orch.cache_policies import (
    DEFAULT,
    FLOW_PARAMETERS,
    INPUTS,
    NO_CACHE,
    NONE,
    RUN_ID,
    TASK_SOURCE,
    CacheKeyFnPolicy,
    CachePolicy,
    policy_of,
    task_input_hash,
)
from orch.errors import CacheKeyError, ConfigurationError
from orch.transactions import IsolationLevel
from tests.unit.sdk.caching.tasks_support import context_of, nothing

if TYPE_CHECKING:
    from orch.context import TaskRunContext


def load(day: str) -> str:
    return day


def other_load(day: str) -> str:
    return day + "!"


def key(
    policy: CachePolicy,
    inputs: dict[str, Any] | None = None,
    *,
    flow: dict[str, Any] | None = None,
    context: "TaskRunContext | None" = None,
) -> str | None:
    return policy.compute_key(task_ctx=context or context_of(load), inputs=inputs or {}, flow_parameters=flow or {})


def test_inputs_are_looked_at_and_nothing_else() -> None:
    first = key(INPUTS, {"day": "mo"}, flow={"x": 1}, context=context_of(load, flow_run_id="1"))

    assert first == key(INPUTS, {"day": "mo"}, flow={"x": 2}, context=context_of(load, flow_run_id="2"))
    assert first != key(INPUTS, {"day": "tu"})
    assert first != key(INPUTS, {"night": "mo"})


@pytest.mark.parametrize("policy", [INPUTS, TASK_SOURCE, FLOW_PARAMETERS, RUN_ID, DEFAULT], ids=repr)
def test_two_tasks_never_share_a_key(policy: CachePolicy) -> None:
    first = key(policy, {"day": "mo"}, flow={"x": 1}, context=context_of(load, key="a.load"))

    assert first is not None
    assert first != key(policy, {"day": "mo"}, flow={"x": 1}, context=context_of(load, key="b.load"))


def test_an_input_can_be_left_out() -> None:
    for policy in (INPUTS - "debug", (INPUTS + TASK_SOURCE) - "debug", INPUTS + TASK_SOURCE + (INPUTS - "debug")):
        assert key(policy, {"day": "mo", "debug": True}) == key(policy, {"day": "mo", "debug": False})
        assert key(policy, {"day": "mo", "debug": True}) != key(policy, {"day": "tu", "debug": True})


def test_leaving_out_an_input_leaves_the_policy_itself_alone() -> None:
    _ = INPUTS - "debug"

    assert key(INPUTS, {"debug": 1}) != key(INPUTS, {"debug": 2})


def test_what_does_not_look_at_inputs_cannot_leave_one_out() -> None:
    assert TASK_SOURCE - "day" == TASK_SOURCE
    with pytest.raises(TypeError, match="name of an input"):
        _ = INPUTS - 3  # type: ignore[operator]


def test_an_input_of_which_no_key_can_be_made_is_named_with_the_ways_out() -> None:
    with pytest.raises(CacheKeyError) as caught:
        key(INPUTS, {"day": "mo", "session": {"lock": threading.Lock()}})

    assert "['session']['lock'], a _thread.lock" in str(caught.value)
    assert "INPUTS - 'name'" in str(caught.value)
    assert isinstance(caught.value, ValueError)
    assert key(INPUTS - "session", {"day": "mo", "session": threading.Lock()}) is not None


def test_the_source_is_looked_at_and_nothing_else() -> None:
    first = key(TASK_SOURCE, {"day": "mo"}, context=context_of(load, key="load"))

    assert first == key(TASK_SOURCE, {"day": "tu"}, flow={"x": 1}, context=context_of(load, key="load"))
    assert first != key(TASK_SOURCE, {"day": "mo"}, context=context_of(other_load, key="load"))


def test_flow_parameters_are_looked_at_and_nothing_else() -> None:
    assert key(FLOW_PARAMETERS, {"day": "mo"}, flow={"x": 1}) == key(FLOW_PARAMETERS, {"day": "tu"}, flow={"x": 1})
    assert key(FLOW_PARAMETERS, flow={"x": 1}) != key(FLOW_PARAMETERS, flow={"x": 2})


def test_a_run_is_alike_within_its_flow_run_only() -> None:
    first = key(RUN_ID, context=context_of(load, flow_run_id="1", task_run_id="a"))

    assert first == key(RUN_ID, context=context_of(load, flow_run_id="1", task_run_id="b"))
    assert first != key(RUN_ID, context=context_of(load, flow_run_id="2", task_run_id="a"))


def test_the_default_looks_at_inputs_source_and_run() -> None:
    first = key(DEFAULT, {"day": "mo"}, context=context_of(load, key="k"))

    assert first == key(DEFAULT, {"day": "mo"}, context=context_of(load, key="k"), flow={"x": 2})
    assert first != key(DEFAULT, {"day": "tu"}, context=context_of(load, key="k"))
    assert first != key(DEFAULT, {"day": "mo"}, context=context_of(other_load, key="k"))
    assert first != key(DEFAULT, {"day": "mo"}, context=context_of(load, key="k", flow_run_id="2"))


@pytest.mark.parametrize("policy", [INPUTS, FLOW_PARAMETERS, NO_CACHE, NONE, INPUTS + FLOW_PARAMETERS], ids=repr)
def test_without_anything_to_look_at_there_is_no_key(policy: CachePolicy) -> None:
    assert key(policy) is None


def test_nothing_added_to_a_policy_is_that_policy() -> None:
    assert INPUTS + NO_CACHE == INPUTS
    assert NO_CACHE + INPUTS == INPUTS


def test_a_function_of_ones_own() -> None:
    policy = CachePolicy.from_cache_key_fn(lambda context, inputs: f"{context.task.name}-{inputs['day']}")

    assert key(policy, {"day": "mo"}) == "load-mo"
    assert key(policy + INPUTS, {"day": "mo", "x": 1}) != key(policy + INPUTS, {"day": "mo", "x": 2})
    assert CacheKeyFnPolicy() == CacheKeyFnPolicy()


def test_a_policy_of_ones_own() -> None:
    @dataclass
    class Weekly(CachePolicy):
        week: int = 1

        def compute_key(self, *_: object, **__: object) -> str:
            return f"week-{self.week}"

    assert key(Weekly(week=3)) == "week-3"
    assert key(Weekly(week=3) + INPUTS, {"day": "mo"}) != key(Weekly(week=4) + INPUTS, {"day": "mo"})


def test_where_keys_are_kept_travels_with_the_policy() -> None:
    policy = INPUTS.configure(key_storage="/keys", isolation_level=IsolationLevel.READ_COMMITTED)

    assert (policy + TASK_SOURCE).key_storage == "/keys"
    assert (TASK_SOURCE + policy).key_storage == "/keys"
    assert ((policy + TASK_SOURCE) - "x").key_storage == "/keys"
    assert not (policy + TASK_SOURCE).is_serializable
    assert INPUTS.key_storage is None
    assert INPUTS.is_serializable


@pytest.mark.parametrize("option", ["key_storage", "isolation_level", "lock_manager"])
def test_policies_that_disagree_cannot_be_added(option: str) -> None:
    one, other = INPUTS.configure(**{option: "a"}), TASK_SOURCE.configure(**{option: "b"})

    with pytest.raises(ValueError, match=f"different values of {option}"):
        _ = one + other


# What a task's options mean


def test_a_key_function_counts_before_a_policy() -> None:
    found = policy_of(INPUTS, lambda *_: "mine")

    assert found is not None
    assert key(found) == "mine"


@pytest.mark.parametrize("none", [None, NO_CACHE, NONE])
def test_no_policy(none: object) -> None:
    assert policy_of(none, None) is None
    assert policy_of(none, None, storage_key="x") is None


def test_a_storage_key_is_filled_in() -> None:
    found = policy_of(DEFAULT, None, storage_key="{flow_run.name}/{task_run.name}-{parameters[day]}.json")

    assert found is not None
    assert key(found, {"day": "mo"}) == "quick-lynx/load-0-mo.json"


def test_a_storage_key_with_an_unknown_field_says_which() -> None:
    found = policy_of(DEFAULT, None, storage_key="{parameters[night]}")

    assert found is not None
    with pytest.raises(CacheKeyError, match="KeyError: 'night'"):
        key(found, {"day": "mo"})


def test_what_is_no_policy_is_refused_with_the_name_of_the_task() -> None:
    with pytest.raises(ConfigurationError, match="task 'load': cache_policy is 'inputs'"):
        policy_of("inputs", None, owner="task 'load'")
    with pytest.raises(ConfigurationError, match="task 'load': cache_key_fn is 'x'"):
        policy_of(None, "x", owner="task 'load'")  # type: ignore[arg-type]


def test_the_ready_made_key_function(caplog: pytest.LogCaptureFixture) -> None:
    first = task_input_hash(context_of(load, key="k"), {"day": "mo"})

    assert first == task_input_hash(context_of(load, key="k", flow_run_id="2"), {"day": "mo"})
    assert first != task_input_hash(context_of(load, key="k"), {"day": "tu"})
    assert first != task_input_hash(context_of(other_load, key="k"), {"day": "mo"})
    assert first != task_input_hash(context_of(load, key="l"), {"day": "mo"})
    assert task_input_hash(context_of(nothing), {"lock": threading.Lock()}) is None
    assert "'nothing' is not cached this time" in caplog.text
    assert "['lock'], a _thread.lock" in caplog.text
