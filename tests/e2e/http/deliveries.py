"""What GitHub, Stripe and others send, as they document it, signed as they sign."""

import base64
import hashlib
import hmac
import json
from collections.abc import Mapping
from dataclasses import dataclass

GITHUB_PUSH = json.dumps(
    {
        "ref": "refs/heads/main",
        "before": "6113728f27ae82c7b1a177c8d03f9e96e0adf246",
        "after": "59b20b8d5c6ff8d09518454d4dd8b7b30f095ab5",
        "repository": {"id": 186853002, "name": "Hello-World", "full_name": "Codertocat/Hello-World", "private": False},
        "pusher": {"name": "Codertocat", "email": "21031067+Codertocat@users.noreply.github.com"},
        "sender": {"login": "Codertocat", "id": 21031067, "type": "User"},
        "created": False,
        "deleted": False,
        "forced": False,
        "base_ref": None,
        "compare": "https://github.com/Codertocat/Hello-World/compare/6113728f27ae...59b20b8d5c6f",
        "commits": [{"id": "59b20b8d5c6ff8d09518454d4dd8b7b30f095ab5", "message": "Grüße ✓", "distinct": True}],
        "head_commit": {"id": "59b20b8d5c6ff8d09518454d4dd8b7b30f095ab5", "author": {"name": "Codertocat"}},
    },
    ensure_ascii=False,
).encode()
GITHUB_PING = json.dumps({"zen": "Keep it logically awesome.", "hook_id": 1, "hook": {"type": "Repository"}}).encode()

STRIPE_EVENT = json.dumps(
    {
        "id": "evt_1NG8Du2eZvKYlo2CUI79vXWy",
        "object": "event",
        "api_version": "2019-02-19",
        "created": 1686089970,
        "data": {"object": {"id": "seti_1NG8Du2eZvKYlo2C9XMqbR0x", "object": "setup_intent", "status": "succeeded"}},
        "livemode": False,
        "pending_webhooks": 0,
        "request": {"id": None, "idempotency_key": None},
        "type": "setup_intent.created",
    },
    indent=2,
).encode()


@dataclass(frozen=True)
class Delivery:
    """A body and the headers that come with it."""

    body: bytes
    headers: Mapping[str, str]


def hexadecimal(secret: str, content: bytes) -> str:
    """HMAC-SHA256, as most write it."""
    return hmac.new(secret.encode(), content, hashlib.sha256).hexdigest()


def github(secret: str, body: bytes = GITHUB_PUSH, *, event: str = "push", delivery: str = "72d3162e-cc78") -> Delivery:
    """https://docs.github.com/en/webhooks/webhook-events-and-payloads#delivery-headers"""
    return Delivery(
        body,
        {
            "content-type": "application/json",
            "user-agent": "GitHub-Hookshot/044aadd",
            "x-github-event": event,
            "x-github-delivery": delivery,
            "x-hub-signature-256": f"sha256={hexadecimal(secret, body)}",
        },
    )


def stripe(secret: str, *, time: int, body: bytes = STRIPE_EVENT) -> Delivery:
    """https://docs.stripe.com/webhooks/signature: the secret as it is, whsec_ included."""
    signature = hexadecimal(secret, f"{time}.".encode() + body)
    header = f"t={time},v1={signature},v0=6ffbb59b2300aae63f272406069a9788598b792a944a07aba816edb039989a39"
    return Delivery(body, {"content-type": "application/json; charset=utf-8", "stripe-signature": header})


def standard(key: bytes, body: bytes, *, time: int, delivery: str = "msg_p5jXN8AQM9LWM0D4loKWxJek") -> Delivery:
    """https://www.standardwebhooks.com: an older key's signature beside the newer one's."""
    digest = hmac.new(key, f"{delivery}.{time}.".encode() + body, hashlib.sha256).digest()
    signatures = f"v1,{base64.b64encode(b'0' * 32).decode()} v1,{base64.b64encode(digest).decode()}"
    headers = {"webhook-id": delivery, "webhook-timestamp": str(time), "webhook-signature": signatures}
    return Delivery(body, {"content-type": "application/json", **headers})
