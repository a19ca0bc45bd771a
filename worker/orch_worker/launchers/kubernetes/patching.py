"""Merges a patch over a manifest."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, cast

if TYPE_CHECKING:
    from orch_worker.launchers.kubernetes.objects import Object


def patched(target: object, patch: object) -> object:
    """As JSON Merge Patch (RFC 7396): objects name by name, null removes, all else replaces. Beyond that, lists whose
    items all have names (containers, volumes, env) are merged by these, as kubectl does.
    """
    if isinstance(patch, Mapping):
        merged = dict(target) if isinstance(target, Mapping) else {}
        for name, value in patch.items():
            if value is None:
                merged.pop(name, None)
            else:
                merged[name] = patched(merged.get(name), value)
        return merged
    if _are_named(patch) and _are_named(target):
        items = {item["name"]: item for item in cast("list[Object]", target)}
        for item in cast("list[Object]", patch):
            items[item["name"]] = cast("Object", patched(items.get(item["name"]), item))
        return list(items.values())
    return patch


def _are_named(found: object) -> bool:
    return (
        isinstance(found, list)
        and bool(found)
        and all(isinstance(each, Mapping) and isinstance(each.get("name"), str) for each in found)
    )
