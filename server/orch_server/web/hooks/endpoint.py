"""`/hooks/<name>`: a signed delivery becomes a run; the same delivery again is the same run."""

import asyncio
import json
import logging
import time
from collections.abc import Callable, Mapping
from http import HTTPStatus

from orch_client.errors import OrchClientError
from orch_proto.v1.deployment_service_pb2 import GetDeploymentRequest, GetDeploymentResponse
from orch_proto.v1.flow_run_service_pb2 import CreateFlowRunRequest, CreateFlowRunResponse
from orch_server.web.asgi import Answer, Receive, Request
from orch_server.web.bodies import BodyError, whole_body
from orch_server.web.hooks.definitions import Webhook
from orch_server.web.hooks.payloads import PayloadError, parameters_of, read_payload, text_at
from orch_server.web.hooks.signatures import SignatureError, verify
from orch_server.web.methods import HttpCall, Method

logger = logging.getLogger(__name__)

FOLDER = "/hooks/"

_MOST_BYTES = 5 * 1024 * 1024
_MOST_AT_ONCE = 32
_LONGEST_DELIVERY = 256
# What tells a sender to try again; all else would fail again.
_STATUS = {
    "UNAVAILABLE": HTTPStatus.SERVICE_UNAVAILABLE,
    "RESOURCE_EXHAUSTED": HTTPStatus.TOO_MANY_REQUESTS,
    "INTERNAL": HTTPStatus.INTERNAL_SERVER_ERROR,
}


class Hooks:
    """The hooks by name, and how runs are created."""

    def __init__(
        self,
        hooks: Mapping[str, Webhook],
        methods: Mapping[str, Method],
        now: Callable[[], float] = time.time,
    ) -> None:
        self._hooks = hooks
        self._get_deployment = methods["/orch.v1.DeploymentService/GetDeployment"]
        self._create = methods["/orch.v1.FlowRunService/CreateFlowRun"]
        self._now = now
        # Bodies are read before anybody is known: so many at once, and not more.
        self._reading = asyncio.Semaphore(_MOST_AT_ONCE)

    async def __call__(self, request: Request, receive: Receive) -> Answer:
        """201 with the run; 200 with the run that this delivery made before, or for an event that is not waited for."""
        hook = self._hooks.get(request.path.removeprefix(FOLDER))
        if hook is None:
            return _refused(HTTPStatus.NOT_FOUND, "There is no hook of this name.", "UNKNOWN_HOOK")
        if request.method != "POST":
            return Answer.text("Deliveries are sent with POST.", HTTPStatus.METHOD_NOT_ALLOWED, ("allow", "POST"))
        if self._reading.locked():
            return _refused(HTTPStatus.SERVICE_UNAVAILABLE, "Too many deliveries at once: try again.", "OVERLOADED")
        try:
            async with self._reading:
                body = await whole_body(receive, most_bytes=_MOST_BYTES)
            return await self._deliver(hook, request, body)
        except BodyError as error:
            return error.answer
        except SignatureError as error:
            logger.warning("webhook refused", extra={"hook": hook.name, "reason": error.reason})
            return _refused(HTTPStatus.UNAUTHORIZED, str(error), error.reason)
        except PayloadError as error:
            return _refused(HTTPStatus.UNPROCESSABLE_ENTITY, str(error), "WRONG_PAYLOAD")
        except OrchClientError as error:
            return _refused(_STATUS.get(error.code, HTTPStatus.UNPROCESSABLE_ENTITY), error.message, error.reason)

    async def _deliver(self, hook: Webhook, request: Request, body: bytes) -> Answer:
        delivery = verify(hook, request.headers, body, now=self._now())
        payload = read_payload(body, request.headers.get("content-type", ""))
        event = delivery.event or text_at(payload, "type")
        if not _is_wanted(hook, event, payload):
            return Answer.json({"ignored": event})
        created = await self._run(hook, request, payload, delivery.id or text_at(payload, "id"))
        run = created.flow_run
        logger.info(
            "webhook delivered", extra={"hook": hook.name, "flow_run_id": run.flow_run_id, "new": created.created}
        )
        answer = {"flow_run_id": run.flow_run_id, "name": run.name, "created": created.created}
        return Answer.json(answer, HTTPStatus.CREATED if created.created else HTTPStatus.OK)

    async def _run(self, hook: Webhook, request: Request, payload: object, delivery: str) -> CreateFlowRunResponse:
        if not delivery or len(delivery) > _LONGEST_DELIVERY:
            raise PayloadError("Neither a header nor the payload's id names this delivery.")
        parameters = parameters_of(hook, payload)
        call = HttpCall.of(request.headers.items())
        wanted = GetDeploymentRequest(flow_name=hook.flow_name, name=hook.deployment_name)
        found = await self._get_deployment.call(wanted, call)
        assert isinstance(found, GetDeploymentResponse)
        created = await self._create.call(
            CreateFlowRunRequest(
                deployment_id=found.deployment.deployment_id,
                parameters_json=json.dumps(parameters) if parameters else "",
                tags=hook.tags,
                idempotency_key=f"webhook:{hook.name}:{delivery}",
            ),
            call,
        )
        assert isinstance(created, CreateFlowRunResponse)
        return created


def _is_wanted(hook: Webhook, event: str, payload: object) -> bool:
    """Whether a delivery starts a run. GitHub's ping, which only tries the hook, does where it is asked for by name."""
    if not hook.events:
        return not (hook.scheme == "github" and event == "ping")
    action = text_at(payload, "action")
    return event in hook.events or f"{event}.{action}" in hook.events


def _refused(status: HTTPStatus, message: str, reason: str) -> Answer:
    return Answer.json({"error": message, "reason": reason}, status)
