"""JSON Merge Patch (RFC 7396). Standard library only."""

from typing import Any


def merge_patch(target: object, patch: object) -> object:
    """Objects are merged key by key, null removes, all else replaces. Changes neither of the two."""
    if not isinstance(patch, dict):
        return patch
    merged: dict[str, Any] = dict(target) if isinstance(target, dict) else {}
    for name, value in patch.items():
        if value is None:
            merged.pop(name, None)
        else:
            merged[name] = merge_patch(merged.get(name), value)
    return merged
