"""Webhooks as they are written down: a table a hook in one TOML file. docs/webhooks.md shows them all.

A hook is a door for people without a key, so it is opened by whoever runs the server, in a file of his own, and not
through the contract.
"""

import base64
import binascii
import re
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from difflib import get_close_matches
from pathlib import Path
from typing import Literal, TypeAlias, TypeVar, cast

from orch_server.errors import SettingsError

Scheme: TypeAlias = Literal["github", "stripe", "standard", "hmac"]
_SCHEMES: tuple[Scheme, ...] = ("github", "stripe", "standard", "hmac")
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
_KEYS = (
    "deployment", "signature", "secret_env", "secret_file", "events", "parameters", "constants", "tags",
    "tolerance_seconds", "delivery_field", "hmac",
)  # fmt: skip
_TRUST = "trust_delivery_header"
_HMAC_KEYS = (
    "header", "prefix", "algorithm", "encoding", "timestamp_header", "event_header", "delivery_header", _TRUST,
)  # fmt: skip
_TOLERANCE_SECONDS = 300

W = TypeVar("W", bound=str)


@dataclass(frozen=True, slots=True)
class HmacScheme:
    """Where a generic signature stands, and over what it goes. Names of headers are in lower case; empty: none.

    delivery_header: names a delivery, though it is not signed; without it, the signed content does.
    timestamp_header: seconds since 1970. With it the signature goes over "TIMESTAMP.BODY", else over the body.
    event_header: names the event, for `Webhook.events`.
    """

    header: str = "x-signature"
    prefix: str = ""
    algorithm: Literal["sha256", "sha384", "sha512"] = "sha256"
    encoding: Literal["hex", "base64"] = "hex"
    delivery_header: str = ""
    timestamp_header: str = ""
    event_header: str = ""


@dataclass(frozen=True, slots=True)
class Webhook:
    """One hook.

    secrets: any of them may have signed, so that one can be replaced while the other still signs.
    events: which start runs; empty: all. parameters: the run's, by their place in the payload ("commits.0.id").
    constants: parameters as they are. tolerance_seconds: how old a signature with a time may be. delivery_field: the
    place in the payload that names a delivery; "$": its content does; empty: as the scheme has it.
    """

    name: str
    flow_name: str
    deployment_name: str
    scheme: Scheme
    secrets: tuple[bytes, ...] = field(repr=False)
    events: frozenset[str] = frozenset()
    parameters: Mapping[str, str] = field(default_factory=dict)
    constants: Mapping[str, object] = field(default_factory=dict)
    tags: tuple[str, ...] = ()
    tolerance_seconds: int = _TOLERANCE_SECONDS
    delivery_field: str = ""
    hmac: HmacScheme = HmacScheme()


def read_webhooks(content: bytes, *, source: str, environ: Mapping[str, str]) -> dict[str, Webhook]:
    """The hooks in a file, by name. Raises SettingsError, naming source, hook and key."""
    try:
        tables = tomllib.loads(content.decode())
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise SettingsError(f"{source}: the file is not TOML: {error}") from error
    return {name: _Reader(f"{source}, [{name}]", name, table, environ).webhook() for name, table in tables.items()}


class _Reader:
    """Reads one table, and says where something is wrong."""

    def __init__(self, place: str, name: str, table: object, environ: Mapping[str, str]) -> None:
        self._place, self._name, self._environ = place, name, environ
        if not _NAME.fullmatch(name):
            raise self._wrong("a hook's name is part of an address: up to 64 letters, digits, dots, dashes.")
        if not isinstance(table, dict):
            raise self._wrong("a hook is a table: [name], and its keys in the lines below it.")
        self._table = cast("dict[str, object]", table)

    def webhook(self) -> Webhook:
        self._know(self._table, _KEYS)
        flow_name, deployment_name = self._deployment()
        scheme = self._choice(self._table, "signature", _SCHEMES)
        tolerance = self._table.get("tolerance_seconds", _TOLERANCE_SECONDS)
        if isinstance(tolerance, bool) or not isinstance(tolerance, int) or not 1 <= tolerance <= 86_400:
            raise self._wrong("tolerance_seconds is a whole number from 1 to 86400.")
        parameters = self._mapping("parameters")
        return Webhook(
            name=self._name,
            flow_name=flow_name,
            deployment_name=deployment_name,
            scheme=scheme,
            secrets=self._secrets(scheme),
            events=frozenset(self._texts("events")),
            parameters={name: self._text(parameters, name) for name in parameters},
            constants=self._mapping("constants"),
            tags=self._texts("tags"),
            tolerance_seconds=tolerance,
            delivery_field=self._text(self._table, "delivery_field") if "delivery_field" in self._table else "",
            hmac=self._hmac(scheme),
        )

    def _deployment(self) -> tuple[str, str]:
        flow_name, _, name = self._text(self._table, "deployment").partition("/")
        if not (flow_name and name):
            raise self._wrong('deployment names a flow and its deployment: "etl/nightly".')
        return flow_name, name

    def _secrets(self, scheme: Scheme) -> tuple[bytes, ...]:
        found = [(name, self._environ.get(name, "").strip()) for name in self._texts("secret_env")]
        if "secret_file" in self._table:
            path = self._text(self._table, "secret_file")
            try:
                found.append((path, Path(path).expanduser().read_text().strip()))
            except (OSError, UnicodeDecodeError) as error:
                raise self._wrong(f"cannot read secret_file {path}: {error}") from error
        if not found:
            raise self._wrong("secret_env or secret_file says where the secret is. Secrets do not stand in this file.")
        for where, text in found:
            if not text:
                raise self._wrong(f"{where} holds no secret. Without one, anybody could start runs.")
        return tuple(self._key(text, scheme) for _, text in found)

    def _key(self, text: str, scheme: Scheme) -> bytes:
        if scheme != "standard":
            return text.encode()
        try:
            return base64.b64decode(text.removeprefix("whsec_"), validate=True)
        except binascii.Error as error:
            raise self._wrong("secrets of Standard Webhooks are base64, with or without whsec_ before it.") from error

    def _hmac(self, scheme: Scheme) -> HmacScheme:
        table = self._mapping("hmac")
        if table and scheme != "hmac":
            raise self._wrong(f'hmac belongs to signature = "hmac", not to "{scheme}".')
        self._know(table, _HMAC_KEYS)
        texts = {name: self._text(table, name) for name in table if name != _TRUST}
        if "delivery_header" in texts and table.get(_TRUST) is not True:
            raise self._wrong(
                "delivery_header is not signed: whoever records a delivery could send it again under another name."
                " Leave it out (the signed content is the name then), name a place in the payload (delivery_field), or"
                f" say {_TRUST} = true."
            )
        default = HmacScheme()
        return HmacScheme(
            header=texts.get("header", default.header).lower(),
            prefix=texts.get("prefix", ""),
            algorithm=self._choice(texts, "algorithm", ("sha256", "sha384", "sha512"), "sha256"),
            encoding=self._choice(texts, "encoding", ("hex", "base64"), "hex"),
            delivery_header=texts.get("delivery_header", "").lower(),
            timestamp_header=texts.get("timestamp_header", "").lower(),
            event_header=texts.get("event_header", "").lower(),
        )

    def _choice(self, table: Mapping[str, object], key: str, words: tuple[W, ...], default: str = "") -> W:
        word = table.get(key, default)
        found = next((each for each in words if each == word), None)
        if found is None:
            raise self._wrong(f"{key} is one of {', '.join(words)}" + (f", not {word!r}." if word else "."))
        return found

    def _mapping(self, key: str) -> Mapping[str, object]:
        value = self._table.get(key, {})
        if not isinstance(value, dict):
            raise self._wrong(f"{key} is a table.")
        return value

    def _texts(self, key: str) -> tuple[str, ...]:
        value = self._table.get(key, [])
        texts: Sequence[object] = [value] if isinstance(value, str) else value if isinstance(value, list) else [None]
        if not all(isinstance(each, str) and each for each in texts):
            raise self._wrong(f"{key} is a text, or a list of texts.")
        return tuple(str(each) for each in texts)

    def _text(self, table: Mapping[str, object], key: str) -> str:
        value = table.get(key)
        if not isinstance(value, str) or not value:
            raise self._wrong(f"{key} is missing." if value is None else f"{key} is a text, and not empty.")
        return value

    def _know(self, table: Mapping[str, object], keys: Sequence[str]) -> None:
        for key in table:
            if key not in keys:
                near = get_close_matches(key, keys, n=1)
                hint = f" Did you mean {near[0]}?" if near else f" There are {', '.join(keys)}."
                raise self._wrong(f"{key} is no key of a hook.{hint}")

    def _wrong(self, text: str) -> SettingsError:
        return SettingsError(f"{self._place}: {text}")
