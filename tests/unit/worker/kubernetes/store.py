"""What an emulated API server stores: objects with resource versions, and the history that watches are told."""

import asyncio
import copy
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

Json = dict[str, Any]


class StoreError(Exception):
    """A request that the API server refuses."""

    def __init__(self, status: int, reason: str, message: str) -> None:
        super().__init__(message)
        self.status, self.reason, self.message = status, reason, message


@dataclass(frozen=True)
class Change:
    """One change of one object."""

    version: int
    kind: str
    before: Json | None
    after: Json | None


class Store:
    """Objects by kind (jobs, pods …), namespace and name. An object that was handed out is never changed any more."""

    def __init__(self) -> None:
        self._objects: dict[tuple[str, str, str], Json] = {}
        self._changes: list[Change] = []
        self._watchers: set[asyncio.Queue[Change | None]] = set()
        self.version = 0
        self.oldest_version = 0
        """Watches that begin before it are answered with 410."""
        self.listeners: list[Callable[[Change], None]] = []
        """Controllers."""

    def forget_history(self) -> None:
        """As compaction does: earlier versions are not known any more."""
        self.version += 1
        self.oldest_version = self.version

    def cut(self) -> None:
        """All watches end."""
        for watcher in self._watchers:
            watcher.put_nowait(None)

    def get(self, kind: str, namespace: str, name: str) -> Json:
        """One object."""
        found = self._objects.get((kind, namespace, name))
        if found is None:
            raise StoreError(404, "NotFound", f'{kind} "{name}" not found')
        return found

    def list(self, kind: str, namespace: str, selector: str = "") -> list[Json]:
        """Objects of a kind."""
        return [
            each
            for (its_kind, its_namespace, _), each in self._objects.items()
            if (its_kind, its_namespace) == (kind, namespace) and matches(each, selector)
        ]

    def create(self, kind: str, namespace: str, content: Json) -> Json:
        """A new object."""
        name = content["metadata"]["name"]
        if (kind, namespace, name) in self._objects:
            raise StoreError(409, "AlreadyExists", f'{kind} "{name}" already exists')
        made = copy.deepcopy(content)
        made["metadata"] |= {"namespace": namespace, "uid": str(uuid4())}
        self._put(kind, made)
        return made

    def change(self, kind: str, namespace: str, name: str, change: Callable[[Json], object]) -> Json:
        """Change an object in place."""
        changed = copy.deepcopy(self.get(kind, namespace, name))
        change(changed)
        self._put(kind, changed)
        return changed

    def remove(self, kind: str, namespace: str, name: str) -> None:
        """It is gone."""
        last = copy.deepcopy(self.get(kind, namespace, name))
        del self._objects[kind, namespace, name]
        self._tell(kind, last, None)

    async def watch(self, kind: str, namespace: str, selector: str, since: int) -> AsyncIterator[Json]:
        """Changes after a version, as they come, until the connection is cut."""
        if since < self.oldest_version:
            status = {"kind": "Status", "code": 410, "reason": "Expired", "message": "too old resource version"}
            yield {"type": "ERROR", "object": status}
            return
        watcher: asyncio.Queue[Change | None] = asyncio.Queue()
        for change in self._changes:
            if change.version > since:
                watcher.put_nowait(change)
        self._watchers.add(watcher)
        try:
            while (change_or_end := await watcher.get()) is not None:
                for event in _event(change_or_end, kind, namespace, selector):
                    yield event
        finally:
            self._watchers.discard(watcher)

    def _put(self, kind: str, found: Json) -> None:
        metadata = found["metadata"]
        key = (kind, metadata["namespace"], metadata["name"])
        before, self._objects[key] = self._objects.get(key), found
        self._tell(kind, before, found)

    def _tell(self, kind: str, before: Json | None, after: Json | None) -> None:
        self.version += 1
        shown = after or before
        assert shown is not None
        shown["metadata"]["resourceVersion"] = str(self.version)
        change = Change(self.version, kind, before, after)
        self._changes.append(change)
        for watcher in self._watchers:
            watcher.put_nowait(change)
        for listener in self.listeners:
            listener(change)


def matches(found: Json | None, selector: str) -> bool:
    """Whether an object has the labels of a selector: `a=b`, `!c`."""
    if found is None:
        return False
    labels = found["metadata"].get("labels", {})
    for term in filter(None, selector.split(",")):
        name, equals, value = term.partition("=")
        if equals and labels.get(name) != value:
            return False
        if not equals and (name.removeprefix("!") in labels) == name.startswith("!"):
            return False
    return True


def _event(change: Change, kind: str, namespace: str, selector: str) -> Iterator[Json]:
    """What a watch is told of a change: an object that does not match any more is gone for it."""
    shown = change.after or change.before
    assert shown is not None
    if change.kind != kind or shown["metadata"]["namespace"] != namespace:
        return
    before, after = matches(change.before, selector), matches(change.after, selector)
    if before or after:
        word = "DELETED" if not after else "MODIFIED" if before else "ADDED"
        yield {"type": word, "object": shown}
