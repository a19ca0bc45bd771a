"""Deploys flows, and runs their runs on this machine: `flow.serve()`, `orch.serve()`.

The runs go to a pool of their own, each deployment's to a queue of its own, which only a worker that this process
starts serves: other workers do not have this code. Ctrl-C, or SIGTERM, goes on to the worker, which lets its runs end;
a second one stops them.
"""

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from types import FrameType
from typing import TYPE_CHECKING, Any

from orch.deployments.connecting import await_control_plane, control_plane_address, open_client
from orch.deployments.of_flow import DeploymentOptions, spec_of_flow
from orch.deployments.spec import DEFAULT, DeploymentSpec
from orch.errors import ConfigurationError, DeploymentError
from orch.settings import current_settings

if TYPE_CHECKING:
    from orch.deployments.applying import Applied
    from orch.flows import Flow
    from orch_client import Client

POOL = "serve"
"""The pool that served deployments are in."""
_WORKER = "orch.deployments.served_worker"
_SIGNALS = (signal.SIGINT, signal.SIGTERM)


class ServeOptions(DeploymentOptions, total=False):
    """What `flow.serve` may be told, beside what a deployment may be."""

    limit: int | None
    """At most so many runs at once; None: as workers do."""
    pause_on_shutdown: bool
    """Its schedules rest when this ends, and go on when it is served again."""
    print_starting_message: bool


def serve_flow(flow: "Flow[..., Any]", name: str, options: ServeOptions) -> None:
    """Serve one flow. See `serve`."""
    deployment: dict[str, Any] = dict(options)
    own = {key: deployment.pop(key) for key in set(deployment) - set(DeploymentOptions.__annotations__)}
    if unknown := own.keys() - {"limit", "pause_on_shutdown", "print_starting_message"}:
        raise TypeError(f"serve() has no option {min(unknown)!r}.")
    # Prefect's users write my_flow.serve(__file__).
    stem = os.path.basename(name).removesuffix(".py") if name.endswith(".py") else name
    spec = spec_of_flow(flow, stem, deployment)  # type: ignore[arg-type]  # what is left is of that kind
    serve(spec, **own)


def serve(
    *deployments: DeploymentSpec,
    limit: int | None = None,
    pause_on_shutdown: bool = True,
    print_starting_message: bool = True,
) -> None:
    """Deploy, and run the runs on this machine, until Ctrl-C or SIGTERM. At most `limit` runs at once.

    A control plane that is away is waited for, and standard error says so.

    Raises DeploymentError for what is wrong or refused, and where the worker cannot work; errors of `orch_client`.
    """
    specs = [_placed(each) for each in deployments]
    if not specs:
        raise ConfigurationError("serve() needs a deployment: serve(my_flow.to_deployment(name, …)).")
    await_control_plane()
    with open_client() as client:
        served = _deployed(client, specs)
    if print_starting_message:
        names = ", ".join(repr(each.slug) for each in served)
        sys.stderr.write(f"Serving {names}. Run it: orch run '{served[0].slug}'. Ctrl-C ends this.\n")
    try:
        _work(specs, limit)
    finally:
        if pause_on_shutdown:
            _pause(served, print_message=print_starting_message)


def _placed(spec: DeploymentSpec) -> DeploymentSpec:
    if not isinstance(spec, DeploymentSpec):
        raise ConfigurationError(f"serve() takes deployments, not {spec!r}: write my_flow.to_deployment(name, …).")
    if spec.work_pool_name not in {DEFAULT, POOL}:
        raise ConfigurationError(
            f"{spec.label} names the pool {spec.work_pool_name!r}, and serve() runs it right here. Leave the pool out,"
            " or use deploy() and start a worker: orch worker start --pool " + spec.work_pool_name
        )
    return replace(spec, work_pool_name=POOL, work_queue_name=spec.slug, paused=bool(spec.paused))


def _deployed(client: "Client", specs: Sequence[DeploymentSpec]) -> "tuple[Applied, ...]":
    from orch.deployments.applying import apply
    from orch.deployments.places import ensure_pool, ensure_queue
    from orch.deployments.planning import plan

    ensure_pool(client, POOL, description="Deployments that processes serve themselves (flow.serve).")
    for spec in specs:
        ensure_queue(client, POOL, spec.work_queue_name)
    return apply(client, plan(client, specs))


def _work(specs: Sequence[DeploymentSpec], limit: int | None) -> None:
    """Run the worker until it ends."""
    settings = current_settings()
    queues = [word for each in specs for word in ("--queue", each.work_queue_name)]
    limits = [] if limit is None else ["--limit", str(limit)]
    environment = {
        **os.environ,
        **settings.client_environment(),
        "ORCH_API_URL": control_plane_address(settings),
        "ORCH_HOME": str(settings.home),
        "ORCH_SERVED_BY": str(os.getpid()),
    }
    command = [sys.executable, "-m", _WORKER, "--pool", POOL, *queues, *limits]
    # In a session of its own: a terminal sends Ctrl-C to everybody, and the worker is told by us.
    with subprocess.Popen(command, env=environment, start_new_session=True) as process, _passed_on(process) as sent:
        code = process.wait()
    if code and not sent:
        raise DeploymentError(f"The worker has ended with exit code {code}; what it said stands above.")


@contextmanager
def _passed_on(process: "subprocess.Popen[bytes]") -> Iterator[list[int]]:
    """Signals to this process go to that one; gives a list of those that did."""
    sent: list[int] = []

    def pass_on(number: int, _: FrameType | None) -> None:
        sent.append(number)
        process.send_signal(number)

    if threading.current_thread() is not threading.main_thread():
        yield sent
        return
    before = {number: signal.signal(number, pass_on) for number in _SIGNALS}
    try:
        yield sent
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _pause(served: "Sequence[Applied]", *, print_message: bool) -> None:
    """Their schedules rest. What was served may be deleted by now, and the control plane away."""
    from google.protobuf.field_mask_pb2 import FieldMask

    from orch_client.errors import NotFoundError, OrchClientError
    from orch_proto.v1.deployment_pb2 import Deployment
    from orch_proto.v1.deployment_service_pb2 import UpdateDeploymentRequest

    with open_client() as client:
        for each in served:
            deployment = Deployment(deployment_id=each.deployment_id, paused=True)
            request = UpdateDeploymentRequest(deployment=deployment, update_mask=FieldMask(paths=["paused"]))
            try:
                client.deployments.UpdateDeployment(request, timeout=10)
            except NotFoundError:
                continue
            except OrchClientError as error:
                sys.stderr.write(f"{each.slug} is not paused, and its schedules go on: {error}\n")
            else:
                if print_message:
                    sys.stderr.write(f"{each.slug} is paused until it is served again.\n")
