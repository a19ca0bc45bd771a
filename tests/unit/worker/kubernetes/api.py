"""An API server, of which kmock is the HTTP side: lists, watches, creates, changes, deletes, shows logs."""

import json
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import aiohttp.web
import kmock
import yaml

from tests.unit.worker.kubernetes.store import Json, Store, StoreError

Delete = Callable[[str, str, str, Json], None]
_ACCESS = Path(__file__).parents[4] / "deploy" / "kubernetes" / "base" / "worker_access.yaml"
_VERBS = {
    kmock.action.LIST: "list",
    kmock.action.WATCH: "watch",
    kmock.action.FETCH: "get",
    kmock.action.CREATE: "create",
    kmock.action.UPDATE: "patch",
    kmock.action.DELETE: "delete",
}
ReadLog = Callable[[str, str, dict[str, str]], AsyncIterator[bytes]]


class _Handler(kmock.KubernetesScaffold):
    """Does not keep requests: it goes through all of them for each new one."""

    async def __call__(self, raw_request: aiohttp.web.BaseRequest) -> aiohttp.web.StreamResponse:
        self._requests.clear()
        return await super().__call__(raw_request)


class ApiServer:
    """On one port of this machine; it may go away, and come back on the same port."""

    def __init__(self, store: Store, delete: Delete, read_log: ReadLog) -> None:
        self.store = store
        self._delete = delete
        self._read_log = read_log
        self._handler = _Handler()
        self._server: kmock.Server | None = None
        self._stack = AsyncExitStack()
        self._asked: Counter[tuple[str, str]] = Counter()
        self.port: int | None = None
        self._rights = rights_of_workers()
        self.used: set[tuple[str, str]] = set()
        """Verbs and resources of all requests."""
        self.refuse: Callable[[Any], None] = lambda request: None
        """Asked of each request: may raise StoreError."""
        self.watched_since: dict[str, int] = {}
        """The version from which each kind was watched last."""
        self.token = ""
        """What requests must bring; empty: nothing."""
        for action, serve in {
            kmock.action.LIST: self._list,
            kmock.action.WATCH: self._watch,
            kmock.action.FETCH: self._fetch,
            kmock.action.CREATE: self._create,
            kmock.action.UPDATE: self._update,
            kmock.action.DELETE: self._remove,
        }.items():
            self._handler[action] << _refusing(self, serve)

    @property
    def url(self) -> str:
        """Where it is."""
        return f"http://127.0.0.1:{self.port}"

    def asked(self, action: str, kind: str) -> int:
        """How many requests of this kind it has had."""
        return self._asked[action, kind]

    def hear(self, request: Any) -> None:  # noqa: ANN401 # kmock's
        """A request has come. Raises StoreError."""
        self._asked[request.action.value, request.resource.plural] += 1
        right = _right(request)
        self.used.add(right)
        if right not in self._rights:
            raise StoreError(403, "Forbidden", f"the worker may not {' '.join(right)}")
        if self.token and request.headers.get("Authorization") != f"Bearer {self.token}":
            raise StoreError(401, "Unauthorized", "Unauthorized")
        self.refuse(request)

    async def open(self) -> None:
        """Be there."""
        if self.port is None:
            await self._stack.enter_async_context(self._handler)
        self._server = kmock.Server(self._handler, "127.0.0.1", self.port)
        await self._server.__aenter__()
        self.port = self._server.port

    async def leave(self) -> None:
        """Be away: connections are broken, and refused."""
        self.store.cut()
        assert self._server is not None
        server, self._server = self._server, None
        await server.__aexit__(None, None, None)

    async def close(self) -> None:
        """For good."""
        if self._server is not None:
            await self.leave()
        await self._stack.aclose()

    async def _list(self, request: Any) -> Json:  # noqa: ANN401 # kmock's
        kind, namespace = _where(request)
        if kind == "events":
            found = self.store.list("events", namespace)
        else:
            found = self.store.list(kind, namespace, request.params.get("labelSelector", ""))
        return {"kind": "List", "metadata": {"resourceVersion": str(self.store.version)}, "items": found}

    async def _watch(self, request: Any) -> AsyncIterator[bytes]:  # noqa: ANN401 # kmock's
        kind, namespace = _where(request)
        since = int(request.params["resourceVersion"])
        self.watched_since[kind] = since
        events = self.store.watch(kind, namespace, request.params.get("labelSelector", ""), since)
        return _as_lines(events)

    async def _fetch(self, request: Any) -> Json | AsyncIterator[bytes]:  # noqa: ANN401 # kmock's
        kind, namespace = _where(request)
        found = self.store.get(kind, namespace, request.name)
        if request.subresource != "log":
            return found
        states = [each["state"] for each in found["status"].get("containerStatuses", [])]
        if not any("running" in state or "terminated" in state for state in states):
            raise StoreError(400, "BadRequest", "container is waiting to start")
        return _from_beginning(self._read_log(namespace, request.name, dict(request.params)))

    async def _create(self, request: Any) -> Json:  # noqa: ANN401 # kmock's
        kind, namespace = _where(request)
        return self.store.create(kind, namespace, request.data)

    async def _update(self, request: Any) -> Json:  # noqa: ANN401 # kmock's
        kind, namespace = _where(request)
        return self.store.change(kind, namespace, request.name, lambda found: _merge(found, json.loads(request.body)))

    async def _remove(self, request: Any) -> Json:  # noqa: ANN401 # kmock's
        kind, namespace = _where(request)
        self.store.get(kind, namespace, request.name)
        self._delete(kind, namespace, request.name, request.data or {})
        return {"kind": "Status", "status": "Success"}


def rights_of_workers() -> set[tuple[str, str]]:
    """Verbs and resources that the manifests give to workers."""
    role = next(each for each in yaml.safe_load_all(_ACCESS.read_text()) if each["kind"] == "Role")
    return {(verb, kind) for rule in role["rules"] for kind in rule["resources"] for verb in rule["verbs"]}


def _right(request: Any) -> tuple[str, str]:  # noqa: ANN401 # kmock's
    kind = request.resource.plural
    return _VERBS[request.action], f"{kind}/{request.subresource}" if request.subresource else kind


def _where(request: Any) -> tuple[str, str]:  # noqa: ANN401 # kmock's
    return str(request.resource.plural), str(request.namespace)


def _refusing(api: ApiServer, serve: Callable[[Any], Awaitable[Any]]) -> Callable[[Any], Awaitable[Any]]:
    """Refusals, in the API's form."""

    async def served(request: Any) -> Any:  # noqa: ANN401 # kmock's
        try:
            api.hear(request)
            return await serve(request)
        except StoreError as error:
            raise kmock.KubernetesError(status=error.status, reason=error.reason, message=error.message) from None

    return served


def _merge(found: Json, patch: Json) -> None:
    for name, value in patch.items():
        if value is None:
            found.pop(name, None)
        elif isinstance(value, dict):
            _merge(found.setdefault(name, {}), value)
        else:
            found[name] = value


async def _as_lines(events: AsyncIterator[Json]) -> AsyncIterator[bytes]:
    yield b""  # the headers
    async for event in events:
        yield json.dumps(event).encode() + b"\n"


async def _from_beginning(lines: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    yield b""  # the headers
    async for data in lines:
        yield data
