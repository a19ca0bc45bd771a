"""Whether a delivery is from whom it says, and of now: GitHub's, Stripe's, Standard Webhooks', and generic signatures.

All are compared in constant time, over the raw body. https://docs.github.com/webhooks/using-webhooks/validating-webhook-deliveries,
https://docs.stripe.com/webhooks/signature, https://www.standardwebhooks.com
"""

import base64
import hashlib
import hmac
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import TypeAlias

from orch_server.web.hooks.definitions import Scheme, Webhook

Headers: TypeAlias = Mapping[str, str]
_MOST_SIGNATURES = 16


class SignatureError(Exception):
    """The delivery is not to be believed. `reason` is for programs, the text for people; neither tells a secret."""

    def __init__(self, reason: str, message: str) -> None:
        super().__init__(message)
        self.reason = reason


@dataclass(frozen=True, slots=True)
class Delivery:
    """What headers say of a delivery that is to be believed.

    id: the same for the same delivery; empty where only the payload says. event: its kind; empty likewise.
    """

    id: str = ""
    event: str = ""


def verify(hook: Webhook, headers: Headers, body: bytes, *, now: float) -> Delivery:
    """Raises SignatureError with MISSING_SIGNATURE, WRONG_SIGNATURE or OLD_SIGNATURE. now: seconds since 1970."""
    return _VERIFIERS[hook.scheme](hook, headers, body, now)


def _github(hook: Webhook, headers: Headers, body: bytes, now: float) -> Delivery:
    shown = _header(headers, "x-hub-signature-256")
    _match(hook, body, [shown.removeprefix("sha256=")], lambda digest: digest.hex())
    delivery = headers.get("x-github-delivery", "") or hashlib.sha256(body).hexdigest()
    return Delivery(delivery, headers.get("x-github-event", ""))


def _stripe(hook: Webhook, headers: Headers, body: bytes, now: float) -> Delivery:
    pairs = [part.strip().partition("=") for part in _header(headers, "stripe-signature").split(",")]
    time = next((value for name, _, value in pairs if name == "t"), "")
    shown = [value for name, _, value in pairs if name == "v1"]
    _match(hook, time.encode() + b"." + body, shown, lambda digest: digest.hex())
    _recent(hook, time, now)
    return Delivery()


def _standard(hook: Webhook, headers: Headers, body: bytes, now: float) -> Delivery:
    delivery, time = _header(headers, "webhook-id"), _header(headers, "webhook-timestamp")
    pairs = [part.partition(",") for part in _header(headers, "webhook-signature").split(" ")]
    shown = [value for version, _, value in pairs if version == "v1"]
    content = delivery.encode() + b"." + time.encode() + b"." + body
    _match(hook, content, shown, lambda digest: base64.b64encode(digest).decode())
    _recent(hook, time, now)
    return Delivery(delivery)


def _generic(hook: Webhook, headers: Headers, body: bytes, now: float) -> Delivery:
    scheme = hook.hmac
    shown = _header(headers, scheme.header)
    if not shown.startswith(scheme.prefix):
        raise SignatureError("WRONG_SIGNATURE", f"The header {scheme.header} does not begin with {scheme.prefix!r}.")
    time = _header(headers, scheme.timestamp_header) if scheme.timestamp_header else ""
    content = time.encode() + b"." + body if scheme.timestamp_header else body
    hexadecimal = scheme.encoding == "hex"
    _match(
        hook,
        content,
        [shown.removeprefix(scheme.prefix)],
        lambda digest: digest.hex() if hexadecimal else base64.b64encode(digest).decode(),
        algorithm=scheme.algorithm,
    )
    if scheme.timestamp_header:
        _recent(hook, time, now)
    named = headers.get(scheme.delivery_header, "") if scheme.delivery_header else ""
    event = headers.get(scheme.event_header, "") if scheme.event_header else ""
    return Delivery(named or hashlib.sha256(content).hexdigest(), event)


_VERIFIERS: Mapping[Scheme, Callable[[Webhook, Headers, bytes, float], Delivery]] = {
    "github": _github,
    "stripe": _stripe,
    "standard": _standard,
    "hmac": _generic,
}


def _match(
    hook: Webhook, content: bytes, shown: Iterable[str], written: Callable[[bytes], str], *, algorithm: str = "sha256"
) -> None:
    """Compares every signature with that of every secret, even after one has matched."""
    wanted = [written(hmac.digest(secret, content, algorithm)).encode() for secret in hook.secrets]
    signatures = [each.encode("utf-8", errors="replace") for each in shown][:_MOST_SIGNATURES]
    if not any([hmac.compare_digest(one, other) for one in signatures for other in wanted]):  # noqa: C419
        raise SignatureError("WRONG_SIGNATURE", "The signature is not one that this hook's secret makes of this body.")


def _recent(hook: Webhook, time: str, now: float) -> None:
    if not (time.isascii() and time.isdigit() and len(time) <= 12 and abs(now - int(time)) <= hook.tolerance_seconds):
        text = f"The signature's time is more than {hook.tolerance_seconds} s away: an old delivery, or a wrong clock."
        raise SignatureError("OLD_SIGNATURE", text)


def _header(headers: Headers, name: str) -> str:
    value = headers.get(name, "").strip()
    if not value:
        raise SignatureError("MISSING_SIGNATURE", f"The header {name} is missing.")
    return value
