"""What a delivery brings, and what of it becomes a run's parameters."""

import hashlib
import json
from collections.abc import Mapping
from urllib.parse import parse_qs

from orch_server.web.hooks.definitions import Webhook

_MISSING = object()


class PayloadError(Exception):
    """The payload cannot be read, or lacks what the hook wants. The text says what."""


def read_payload(body: bytes, content_type: str) -> object:
    """JSON, or a form whose field `payload` is JSON, as GitHub can send it. Raises PayloadError.

    `curl -d` says that it sends a form, whatever it sends.
    """
    text = body
    is_form = content_type.partition(";")[0].strip().lower() == "application/x-www-form-urlencoded"
    try:
        if is_form and body.startswith(b"payload="):
            fields = parse_qs(body.decode("utf-8", errors="replace"), max_num_fields=10)
            text = fields.get("payload", [""])[0].encode()
        return json.loads(text, parse_constant=_refuse)
    except (ValueError, RecursionError) as error:
        raise PayloadError(f"The body is not JSON: {error}.") from error


def parameters_of(hook: Webhook, payload: object) -> dict[str, object]:
    """The run's parameters. Raises PayloadError naming each place that is not there and should be."""
    found = {name: _at(payload, place) for name, place in hook.parameters.items()}
    missing = [place for name, place in hook.parameters.items() if found[name] is _MISSING and not place.endswith("?")]
    if missing:
        raise PayloadError(f"The payload has no {', no '.join(missing)}.")
    return {**hook.constants, **{name: value for name, value in found.items() if value is not _MISSING}}


def text_at(payload: object, place: str) -> str:
    """The text at a place; empty where there is none. JSON may hold half characters, which are in no text."""
    value = _at(payload, place)
    return value if isinstance(value, str) and not any("\ud800" <= letter <= "\udfff" for letter in value) else ""


def delivery_of(hook: Webhook, payload: object, body: bytes) -> str:
    """What names this delivery, by the hook's `delivery_field`. Raises PayloadError where that is not there."""
    if hook.delivery_field == "$":
        return hashlib.sha256(body).hexdigest()
    value = _at(payload, hook.delivery_field)
    if isinstance(value, int) and not isinstance(value, bool):
        value = str(value)
    if not isinstance(value, str) or not value:
        raise PayloadError(f"The payload has no {hook.delivery_field}, which names the delivery: a text, or a number.")
    return text_at(value, "$")


def _at(payload: object, place: str) -> object:
    """ "$" is all of it; names and positions are parted by dots; "?" at the end: it may be missing."""
    if place == "$":
        return payload
    for step in place.removesuffix("?").split("."):
        payload = _inside(payload, step)
    return payload


def _inside(value: object, step: str) -> object:
    if isinstance(value, Mapping):
        return value.get(step, _MISSING)
    if isinstance(value, list) and step.isascii() and step.isdigit() and len(step) <= 6 and int(step) < len(value):
        return value[int(step)]
    return _MISSING


def _refuse(name: str) -> object:
    raise ValueError(f"{name} is no JSON number")
