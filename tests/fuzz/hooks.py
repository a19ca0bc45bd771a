"""Webhooks of each kind, and how their deliveries are signed."""

import base64
import hashlib
import hmac
import time
from collections.abc import Callable, Mapping
from typing import Final

FLOW: Final = "etl"
DEPLOYMENT: Final = "hooked"
_KEY: Final = b"24 bytes that are secret"
_SECRET: Final = "a-secret-of-these-tests"
ENVIRONMENT: Final = {"HOOK_SECRET": _SECRET, "STANDARD_SECRET": "whsec_" + base64.b64encode(_KEY).decode()}

HOOKS: Final = f"""
[github]
deployment = "{FLOW}/{DEPLOYMENT}"
signature = "github"
secret_env = "HOOK_SECRET"
events = ["push", "pull_request.opened"]
parameters = {{ commit = "commits.0.id?", all = "$" }}

[stripe]
deployment = "{FLOW}/{DEPLOYMENT}"
signature = "stripe"
secret_env = "HOOK_SECRET"
parameters = {{ intent = "data.object.id" }}

[standard]
deployment = "{FLOW}/{DEPLOYMENT}"
signature = "standard"
secret_env = "STANDARD_SECRET"

[own]
deployment = "{FLOW}/{DEPLOYMENT}"
signature = "hmac"
secret_env = "HOOK_SECRET"
hmac = {{ header = "X-Own-Signature", event_header = "X-Own-Event" }}
"""

Headers = dict[str, str]


def github(body: bytes) -> Headers:
    """As GitHub signs."""
    return {"x-hub-signature-256": f"sha256={_hex(body)}", "x-github-event": "push", "x-github-delivery": _hex(body)}


def stripe(body: bytes) -> Headers:
    """As Stripe signs."""
    now = str(int(time.time()))
    return {"stripe-signature": f"t={now},v1={_hex(now.encode() + b'.' + body)}"}


def standard(body: bytes) -> Headers:
    """As Standard Webhooks have it."""
    now, delivery = str(int(time.time())), _hex(body)
    digest = hmac.digest(_KEY, f"{delivery}.{now}.".encode() + body, "sha256")
    signature = f"v1,{base64.b64encode(digest).decode()}"
    return {"webhook-id": delivery, "webhook-timestamp": now, "webhook-signature": signature}


def own(body: bytes) -> Headers:
    """A generic signature."""
    return {"x-own-signature": _hex(body), "x-own-event": "push"}


SIGNED: Final[Mapping[str, Callable[[bytes], Headers]]] = {
    "github": github,
    "stripe": stripe,
    "standard": standard,
    "own": own,
}


def _hex(content: bytes) -> str:
    return hmac.new(_SECRET.encode(), content, hashlib.sha256).hexdigest()
