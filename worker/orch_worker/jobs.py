"""From a lease to a job: its variables, merged, and the ticket that it finds in its environment."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

from orch_client.settings import ClientSettings
from orch_proto.v1.flow_run_pb2 import FlowRun
from orch_proto.v1.lease_pb2 import Lease
from orch_worker.attempt_facts import AttemptFacts
from orch_worker.launchers.base import AttemptKey, Job, LaunchError
from orch_worker.launchers.merging import merge_patch

DEFAULT_GRACE_SECONDS = 30.0
LARGEST_GRACE_SECONDS = 86400.0
MOST_PARAMETERS_BYTES = 64 * 1024
"""That go into the environment, which has little room; larger ones are found in ORCH_PARAMETERS_FILE."""

_Object: TypeAlias = dict[str, object]


@dataclass(frozen=True, slots=True)
class JobMaker:
    """Makes jobs of leases."""

    client: ClientSettings

    def make(self, lease: Lease, job_template_json: str, tell: Callable[[str], None]) -> Job:
        """The job of a lease. Raises LaunchError, in words, where it cannot be told what to launch."""
        spec = lease.launch_spec
        if not (spec.entrypoint or spec.command):
            raise LaunchError(
                "There is nothing to launch: the run's deployment has neither an entrypoint nor a command."
                " Deploy it again with one of them, and retry the run."
            )
        return Job(
            key=AttemptKey(lease.flow_run_id, lease.token),
            flow_run=lease.flow_run,
            spec=spec,
            variables=merged_variables(lease, job_template_json),
            environment=self._connection() | _ticket(lease),
            tell=tell,
        )

    def _connection(self) -> dict[str, str]:
        """How the run's process reaches the control plane."""
        tls = self.client.tls
        files = {
            "ORCH_TLS_CA_FILE": tls.ca_file,
            "ORCH_TLS_CERT_FILE": tls.certificate_file,
            "ORCH_TLS_KEY_FILE": tls.key_file,
        }
        found = {name: str(Path(file).expanduser().absolute()) for name, file in files.items() if file}
        found["ORCH_API_URL"] = self.client.url
        if self.client.api_key:
            found["ORCH_API_KEY"] = self.client.api_key
        if self.client.allow_insecure:
            found["ORCH_ALLOW_INSECURE"] = "1"
        return found


def facts_of(lease: Lease, variables: Mapping[str, object], *, log_base: int) -> AttemptFacts:
    """What the worker has to remember of an attempt. Raises LaunchError."""
    return AttemptFacts(
        flow_run_name=lease.flow_run.name,
        command=bool(lease.launch_spec.command),
        exclusive=lease.flow_run.recovery_policy.exclusive,
        grace_seconds=_grace_seconds(variables),
        log_base=log_base,
    )


def merged_variables(lease: Lease, job_template_json: str) -> Mapping[str, object]:
    """The pool's variables, the deployment's over them, the run's over both. Raises LaunchError."""
    template = _parsed("the work pool's job template", job_template_json)
    if unknown := sorted(set(template) - {"variables"}):
        raise LaunchError(
            f"The work pool's job template has {', '.join(map(repr, unknown))}, which is not known: it has one key,"
            ' "variables", an object of job variables. Change the pool (`orch work-pool update`), and retry the run.'
        )
    defaults = template.get("variables", {})
    if not isinstance(defaults, dict):
        raise LaunchError('"variables" in the work pool\'s job template is not an object. Change the pool.')
    merged: object = defaults
    for what, text in (
        ("the deployment's job variables", lease.launch_spec.job_variables_json),
        ("the run's job variables", lease.flow_run.job_variables_json),
    ):
        merged = merge_patch(merged, _parsed(what, text))
    assert isinstance(merged, dict)
    return merged


def _parsed(what: str, text: str) -> _Object:
    if not text.strip():
        return {}
    try:
        found: object = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise LaunchError(f"{what.capitalize()} cannot be read: {error}.") from error
    if not isinstance(found, dict):
        raise LaunchError(f"{what.capitalize()} are not a JSON object: {text[:100]}")
    return found


def _grace_seconds(variables: Mapping[str, object]) -> float:
    seconds = variables.get("grace_seconds", DEFAULT_GRACE_SECONDS)
    if isinstance(seconds, bool) or not isinstance(seconds, int | float):
        raise LaunchError(f"The job variable grace_seconds is {seconds!r}: write a number of seconds, such as 30.")
    if not 0 <= seconds <= LARGEST_GRACE_SECONDS:
        raise LaunchError(
            f"The job variable grace_seconds is {seconds}: it may be from 0 to {LARGEST_GRACE_SECONDS:g}."
        )
    return float(seconds)


def _ticket(lease: Lease) -> dict[str, str]:
    """The run, its token, and what else its process may want to know (docs/workers.md)."""
    run, spec = lease.flow_run, lease.launch_spec
    texts = {
        "ORCH_FLOW_RUN_ID": lease.flow_run_id,
        "ORCH_LEASE_TOKEN": str(lease.token),
        "ORCH_FLOW_NAME": run.flow_name,
        "ORCH_FLOW_RUN_NAME": run.name,
        # The newest attempt that has begun; this one begins now.
        "ORCH_ATTEMPT": str(run.attempt + 1),
        "ORCH_DEPLOYMENT_ID": run.deployment_id,
        "ORCH_DEPLOYMENT_NAME": run.deployment_name,
        "ORCH_DEPLOYMENT_VERSION": str(run.deployment_version) if run.deployment_version else "",
        "ORCH_WORK_POOL": run.work_pool_name,
        "ORCH_ENTRYPOINT": spec.entrypoint,
        "TRACEPARENT": run.trace_context.traceparent,
        "TRACESTATE": run.trace_context.tracestate,
        "ORCH_PARAMETERS": _parameters(run),
    }
    # No environment can hold a zero byte; nobody means one.
    return {name: text.replace("\0", "") for name, text in texts.items() if text}


def _parameters(run: FlowRun) -> str:
    text = run.parameters_json or "{}"
    return text if len(text.encode()) <= MOST_PARAMETERS_BYTES else ""
