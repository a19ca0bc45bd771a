"""What workers and the processes of runs are told: job variables, pull steps, tickets."""

import json
from collections.abc import Callable, Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orch.run.ticket import Ticket, TicketError
from orch_proto.v1.flow_run_pb2 import FlowRun
from orch_proto.v1.launch_pb2 import LaunchSpec
from orch_proto.v1.lease_pb2 import Lease
from orch_worker.code.errors import CodeError
from orch_worker.code.parsing import parse_steps
from orch_worker.jobs import facts_of, merged_variables
from orch_worker.launchers.base import LaunchError
from orch_worker.launchers.containers.variables import read_variables
from orch_worker.launchers.docker.variables import DockerVariables
from orch_worker.launchers.kubernetes.variables import KubernetesVariables
from orch_worker.launchers.process.variables import parse_variables
from tests.fuzz.fuzzing import fuzzed, refusal
from tests.fuzz.mutations import ODD, mutated

VARIABLES = (
    *("isolation", "python", "preload", "working_dir", "env", "limits", "grace_seconds", "stream_output", "image"),
    *("command", "labels", "networks", "volumes", "memory", "memory_mb", "cpus", "registry_credentials", "namespace"),
    *("cpu", "service_account", "manifest_patch", "container_patch", "pull_policy", "node_selector", "privileged"),
)
scalars = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.just(10**400),
    st.just(-(10**400)),
    st.floats(),
    st.text(max_size=8),
    st.sampled_from(["forked", "fresh", "512Mi", "0.5", "/srv", "python", *ODD]),
)
values = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6), inner, max_size=3),
    max_leaves=6,
)
variables = st.dictionaries(st.sampled_from(VARIABLES) | st.text(max_size=8), values, max_size=5)
READERS: Mapping[str, Callable[[Mapping[str, object]], object]] = {
    "process": parse_variables,
    "docker": lambda given: read_variables(DockerVariables, {"image": "a", **given}, pool_type="docker"),
    "kubernetes": lambda given: read_variables(KubernetesVariables, {"image": "a", **given}, pool_type="kubernetes"),
}


@pytest.mark.parametrize("pool_type", READERS)
@fuzzed(60)
@given(given_variables=variables)
def test_job_variables_are_read_or_refused_in_words(pool_type: str, given_variables: Mapping[str, object]) -> None:
    error = refusal(lambda: READERS[pool_type](given_variables), LaunchError)

    assert error is None or "job variable" in str(error)


TEMPLATES = ('{"variables": {"image": "orch", "env": {"A": "1"}}}', '{"grace_seconds": 30}', "", "{}", '{"env": null}')
TEMPLATE_WORDS = ("{", "}", "[", "]", ":", ",", "variables", "true", "grace_seconds", "[" * 200)


@fuzzed(100)
@given(mutated(TEMPLATES, TEMPLATE_WORDS), mutated(TEMPLATES, TEMPLATE_WORDS))
def test_templates_and_variables_are_merged_or_refused_in_words(template: str, own: str) -> None:
    own = own.replace("\ud800", "")
    lease = Lease(
        flow_run=FlowRun(job_variables_json=own), launch_spec=LaunchSpec(job_variables_json='{"env": {"B": "2"}}')
    )

    error = refusal(lambda: facts_of(lease, merged_variables(lease, template), log_base=0), LaunchError)

    assert error is None or str(error)


STEPS = (
    '[{"step": "git", "url": "https://example.com/a.git", "branch": "main"}]',
    '[{"step": "local", "path": "/srv/code"}, {"step": "install", "requirements": "requirements.txt"}]',
    '[{"step": "archive", "url": "https://example.com/a.tar.gz", "sha256": "' + "0" * 64 + '", "subfolder": "src"}]',
)
STEP_WORDS = (
    "../",
    "file:///etc",
    "http://user:secret@host",
    "-u",
    '"timeout_seconds": 1e308,',
    '"subfolder": "/",',
    "[" * 2000,
)


@fuzzed(100)
@given(mutated(STEPS, STEP_WORDS))
def test_pull_steps_are_read_or_refused_in_words(text: str) -> None:
    error = refusal(lambda: parse_steps(text), CodeError)

    if error is not None:
        assert str(error)
        assert "user:secret" not in str(error)


TICKET = {
    "ORCH_FLOW_RUN_ID": "0198c1c2-7a3b-7c11-9a55-3f5b8f0c2d11",
    "ORCH_LEASE_TOKEN": "17",
    "ORCH_ENTRYPOINT": "flows/etl.py:etl",
    "ORCH_API_URL": "http://127.0.0.1:4201",
}


@fuzzed(100)
@given(
    st.fixed_dictionaries(
        {},
        optional={
            name: mutated([text], ["9" * 5000, "-1", "٣", " ", "\n", "0x10", str(2**63), str(2**63 - 1)])
            for name, text in TICKET.items()
        },
    )
)
def test_a_ticket_is_read_or_refused_in_words(environment: dict[str, str]) -> None:
    error = refusal(lambda: Ticket.read(environment), TicketError)

    if error is None:
        # What it says can be said to the control plane.
        token = Ticket.read(environment).token
        assert Lease(token=token).token == token > 0
    else:
        assert "ORCH_" in str(error)
        assert len(str(error)) < 1000


@pytest.mark.parametrize(
    "text", ["[" * 5000, '[{"step": "git", "url": "https://[::1/a.git"}]'], ids=["deep", "address"]
)
def test_pull_steps_that_no_library_reads_are_refused_in_words(text: str) -> None:
    with pytest.raises(CodeError):
        parse_steps(text)


def test_variables_that_are_nested_too_deep_are_refused_in_words() -> None:
    with pytest.raises(LaunchError):
        merged_variables(Lease(flow_run=FlowRun(job_variables_json="[" * 5000)), "")


def test_good_ones_are_read() -> None:
    """So that the tests above are known to get past the first check."""
    assert Ticket.read(TICKET).token == 17
    assert all(parse_steps(text) for text in STEPS)
    assert parse_variables(json.loads('{"isolation": "fresh", "limits": {"memory_mb": 512}}')).isolation == "fresh"
