"""A web service that has its work done by a deployment, with plain grpcio and the contract's generated code.

    ORCH_API_URL=http://127.0.0.1:4201 python examples/service_python/service.py weather/report --port 8080

    curl --data '{"csv": "/data/weather.csv"}' --header 'Idempotency-Key: order-17' localhost:8080/runs
    {"run": "019ab…", "created": true}
    curl localhost:8080/runs/019ab…
    {"run": "019ab…", "state": "Completed", "message": "", "result": […]}

POST creates a run; the same Idempotency-Key again answers with the same run, so that who got no answer may ask again.
GET waits for the run's end, for a while: 200 with its result, 500 where it has no good end, 202 where it still runs.
"""

import argparse
import json
import os
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import NamedTuple, TypeVar, cast
from urllib.parse import urlsplit
from uuid import uuid4

import grpc

from orch_proto.v1.deployment_service_pb2 import GetDeploymentRequest
from orch_proto.v1.deployment_service_pb2_grpc import DeploymentServiceStub
from orch_proto.v1.flow_run_pb2 import FlowRun
from orch_proto.v1.flow_run_service_pb2 import CreateFlowRunRequest, GetFlowRunRequest, WatchFlowRunRequest
from orch_proto.v1.flow_run_service_pb2_grpc import FlowRunServiceStub
from orch_proto.v1.state_pb2 import STATE_TYPE_CANCELLED, STATE_TYPE_COMPLETED, STATE_TYPE_CRASHED, STATE_TYPE_FAILED

CALL_SECONDS = 5
PATIENCE_SECONDS = 20
"""How long a control plane that is away is waited for."""
WATCH_SECONDS = 25
"""How long GET waits for the end of a run."""
ENDED = {STATE_TYPE_COMPLETED, STATE_TYPE_FAILED, STATE_TYPE_CANCELLED, STATE_TYPE_CRASHED}
PASSING = {grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.DEADLINE_EXCEEDED, grpc.StatusCode.RESOURCE_EXHAUSTED}
ANSWERS = {
    grpc.StatusCode.INVALID_ARGUMENT: HTTPStatus.BAD_REQUEST,
    grpc.StatusCode.NOT_FOUND: HTTPStatus.NOT_FOUND,
    grpc.StatusCode.UNAVAILABLE: HTTPStatus.SERVICE_UNAVAILABLE,
    grpc.StatusCode.DEADLINE_EXCEEDED: HTTPStatus.SERVICE_UNAVAILABLE,
}

Request = TypeVar("Request")
Response = TypeVar("Response")


@dataclass(frozen=True)
class Runs:
    """The runs of one deployment."""

    flow_runs: FlowRunServiceStub
    deployments: DeploymentServiceStub
    flow_name: str
    deployment_name: str

    def create(self, parameters_json: str, key: str) -> tuple[str, bool]:
        """A run with these parameters, or the one that was made with the same key: its id, and whether it is new."""
        named = GetDeploymentRequest(flow_name=self.flow_name, name=self.deployment_name)
        deployment = patiently(self.deployments.GetDeployment, named).deployment
        request = CreateFlowRunRequest(
            deployment_id=deployment.deployment_id, parameters_json=parameters_json, idempotency_key=key
        )
        answer = patiently(self.flow_runs.CreateFlowRun, request)
        return answer.flow_run.flow_run_id, answer.created

    def awaited(self, run_id: str) -> FlowRun:
        """A run at its end, or as it is after a while."""
        until = time.monotonic() + WATCH_SECONDS
        run = patiently(self.flow_runs.GetFlowRun, GetFlowRunRequest(flow_run_id=run_id)).flow_run
        while run.state.type not in ENDED and (left := until - time.monotonic()) > 0:
            request = WatchFlowRunRequest(flow_run_id=run_id, after_version=run.version)
            try:
                for answer in self.flow_runs.WatchFlowRun(request, timeout=left):
                    run = answer.flow_run
            except grpc.RpcError as error:
                # Broken off: it goes on from the version that was seen last. Or the time is up.
                if status_of(error) not in PASSING:
                    raise
                time.sleep(min(0.2, max(0.0, until - time.monotonic())))
        return run


def patiently(call: Callable[..., Response], request: Request) -> Response:
    """Makes a call, again where the control plane is away: every call here may be repeated."""
    until, delay = time.monotonic() + PATIENCE_SECONDS, 0.1
    while True:
        try:
            return call(request, timeout=CALL_SECONDS)
        except grpc.RpcError as error:
            if status_of(error) not in PASSING or time.monotonic() + delay > until:
                raise
        time.sleep(delay)
        delay = min(2 * delay, 2.0)


def status_of(error: grpc.RpcError) -> grpc.StatusCode:
    """The code of a refused call."""
    return cast("grpc.Call", error).code()


class Answer(NamedTuple):
    """What the service says."""

    status: HTTPStatus
    content: Mapping[str, object]


def created(runs: Runs, body: str, key: str) -> Answer:
    """POST /runs."""
    run_id, new = runs.create(body, key)
    return Answer(HTTPStatus.ACCEPTED, {"run": run_id, "created": new})


def ended(runs: Runs, run_id: str) -> Answer:
    """GET /runs/ID."""
    run = runs.awaited(run_id)
    content = {"run": run_id, "state": run.state.name, "message": run.state.message}
    if run.state.type not in ENDED:
        return Answer(HTTPStatus.ACCEPTED, content)
    if run.state.type != STATE_TYPE_COMPLETED:
        return Answer(HTTPStatus.INTERNAL_SERVER_ERROR, content)
    kept = run.result.media_type == "application/json" and run.result.data
    return Answer(HTTPStatus.OK, {**content, "result": json.loads(kept) if kept else None})


class Handler(BaseHTTPRequestHandler):
    """Two pages."""

    runs: Runs

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0))).decode()
        # A caller without a key gets one for this call, so that at least our own repeats make no second run.
        key = self.headers.get("Idempotency-Key") or str(uuid4())
        self.answer(lambda: created(self.runs, body, key) if self.path == "/runs" else NOTHING)

    def do_GET(self) -> None:
        folder, _, run_id = self.path.rpartition("/")
        self.answer(lambda: ended(self.runs, run_id) if folder == "/runs" else NOTHING)

    def answer(self, work: Callable[[], Answer]) -> None:
        """Sends what the work says, or why the control plane refused it."""
        try:
            status, content = work()
        except grpc.RpcError as error:
            status = ANSWERS.get(status_of(error), HTTPStatus.BAD_GATEWAY)
            content = {"error": cast("grpc.Call", error).details()}
        payload = json.dumps(content).encode() + b"\n"
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(payload)))
        self.end_headers()
        self.wfile.write(payload)


NOTHING = Answer(HTTPStatus.NOT_FOUND, {"error": "POST /runs, or GET /runs/ID"})


def channel(url: str, api_key: str) -> grpc.Channel:
    """A channel to the control plane, encrypted where its address says https."""
    address = urlsplit(url)
    if address.scheme != "https":
        return grpc.insecure_channel(address.netloc)
    credentials = grpc.ssl_channel_credentials()
    if api_key:
        credentials = grpc.composite_channel_credentials(credentials, grpc.access_token_call_credentials(api_key))
    return grpc.secure_channel(address.netloc, credentials)


def main() -> None:
    """Serves until Ctrl-C."""
    parser = argparse.ArgumentParser(description="Has its work done by a deployment.")
    parser.add_argument("deployment", help="FLOW/DEPLOYMENT")
    parser.add_argument("--port", type=int, default=8080)
    arguments = parser.parse_args()
    flow_name, _, deployment_name = arguments.deployment.partition("/")
    url = os.environ.get("ORCH_API_URL", "http://127.0.0.1:4201")
    with channel(url, os.environ.get("ORCH_API_KEY", "")) as connected:
        Handler.runs = Runs(FlowRunServiceStub(connected), DeploymentServiceStub(connected), flow_name, deployment_name)
        with ThreadingHTTPServer(("127.0.0.1", arguments.port), Handler) as server:
            print(f"http://127.0.0.1:{server.server_port}/runs", flush=True)
            try:
                server.serve_forever()
            except KeyboardInterrupt:
                print("stopped")


if __name__ == "__main__":
    main()
