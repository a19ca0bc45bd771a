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
from orch_server.web.asgi import Answer, Event, Receive, Request
from orch_server.web.bodies import BodyError, whole_body
from orch_server.web.hooks.definitions import Webhook
from orch_server.web.hooks.payloads import PayloadError, delivery_of, parameters_of, read_payload, text_at
from orch_server.web.hooks.signatures import SignatureError, verify
from orch_server.web.methods import HttpCall, Method

logger = logging.getLogger(__name__)

FOLDER = "/hooks/"

_MOST_BYTES = 5 * 1024 * 1024
# Bodies are read before anybody is known, so all that are under way may be this large together. Who sends slowly takes
# little of it, and not for long.
_MOST_HELD_BYTES = 64 * 1024 * 1024
_READ_SECONDS = 10.0
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
        *,
        read_seconds: float = _READ_SECONDS,
        most_held_bytes: int = _MOST_HELD_BYTES,
    ) -> None:
        """read_seconds: until a body is complete. most_held_bytes: of all bodies under way."""
        self._hooks = hooks
        self._get_deployment = methods["/orch.v1.DeploymentService/GetDeployment"]
        self._create = methods["/orch.v1.FlowRunService/CreateFlowRun"]
        self._now = now
        self._read_seconds, self._most_held_bytes = read_seconds, most_held_bytes
        self._held_bytes = 0

    async def __call__(self, request: Request, receive: Receive) -> Answer:
        """201 with the run; 200 with the run that this delivery made before, or for an event that is not waited for."""
        hook = self._hooks.get(request.path.removeprefix(FOLDER))
        if hook is None:
            return _refused(HTTPStatus.NOT_FOUND, "There is no hook of this name.", "UNKNOWN_HOOK")
        if request.method != "POST":
            return Answer.text("Deliveries are sent with POST.", HTTPStatus.METHOD_NOT_ALLOWED, ("allow", "POST"))
        try:
            return await self._deliver(hook, request, await self._body(receive))
        except BodyError as error:
            return error.answer
        except SignatureError as error:
            logger.warning("webhook refused", extra={"hook": hook.name, "reason": error.reason})
            return _refused(HTTPStatus.UNAUTHORIZED, str(error), error.reason)
        except PayloadError as error:
            return _refused(HTTPStatus.UNPROCESSABLE_ENTITY, str(error), "WRONG_PAYLOAD")
        except OrchClientError as error:
            return _refused(_STATUS.get(error.code, HTTPStatus.UNPROCESSABLE_ENTITY), error.message, error.reason)

    async def _body(self, receive: Receive) -> bytes:
        """Raises BodyError for one that is too large or too slow, or comes when there is no room."""
        held = 0

        async def counted() -> Event:
            nonlocal held
            event = await receive()
            size = len(event.get("body", b""))
            held += size
            self._held_bytes += size
            if self._held_bytes > self._most_held_bytes:
                raise BodyError(_refused(HTTPStatus.SERVICE_UNAVAILABLE, "Too much at once: try again.", "OVERLOADED"))
            return event

        try:
            async with asyncio.timeout(self._read_seconds):
                return await whole_body(counted, most_bytes=_MOST_BYTES)
        except TimeoutError as error:
            raise BodyError(Answer.text("The body did not come.", HTTPStatus.REQUEST_TIMEOUT)) from error
        finally:
            self._held_bytes -= held

    async def _deliver(self, hook: Webhook, request: Request, body: bytes) -> Answer:
        delivery = verify(hook, request.headers, body, now=self._now())
        payload = read_payload(body, request.headers.get("content-type", ""))
        event = delivery.event or text_at(payload, "type")
        if not _is_wanted(hook, event, payload):
            return Answer.json({"ignored": event})
        named = delivery_of(hook, payload, body) if hook.delivery_field else delivery.id or text_at(payload, "id")
        created = await self._run(hook, request, payload, named)
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
