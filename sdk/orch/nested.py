"""Finding and replacing things (futures, states) inside of arguments, however deep they sit in collections.

Lists, tuples, sets, dictionaries (keys too), dataclasses, pydantic models and annotations are searched; anything else
is left alone, generators among it. A collection of plain numbers and strings costs one pass in C, and collections are
copied only where something in them was replaced.
"""

import sys
from collections.abc import Callable, Iterable
from copy import copy
from typing import TYPE_CHECKING, cast

from orch.annotations import Annotation, opaque, quote

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

PLAIN = frozenset({type(None), bool, int, float, complex, str, bytes, bytearray, range, type(Ellipsis)})
"""Types whose values hold nothing to be found."""

Kinds = tuple[type, ...]
Swap = Callable[[object, Annotation[object] | None], object]


def find(value: object, kinds: Kinds) -> list[object]:
    """All instances of `kinds` in a value, each once, in the order in which they are met. Not inside of `quote`."""
    if _is_plain(value) or (value.__class__ is list and all(map(_is_plain, value))):
        return []
    found: dict[int, object] = {}

    def note(each: object, _: Annotation[object] | None) -> object:
        found[id(each)] = each
        return each

    _Search(kinds, note, replaces=False).visit(value, None)
    return list(found.values())


def substitute(value: object, kinds: Kinds, swap: Swap) -> object:
    """The value with each instance of `kinds` replaced, and without annotations.

    `swap(instance, annotation)` gives the replacement; it is told the innermost annotation around the instance, and is
    asked once for each instance and kind of annotation. What it gives is searched in turn, unless it stood in `opaque`.
    """
    if value.__class__ in PLAIN:
        return value
    return _Search(kinds, swap, replaces=True).visit(value, None)


class _Search:
    __slots__ = ("_kinds", "_replaces", "_seen", "_swap")

    def __init__(self, kinds: Kinds, swap: Swap, *, replaces: bool) -> None:
        self._kinds = kinds
        self._swap = swap
        self._replaces = replaces
        # By identity and kind of mark; kept alive beside what became of them: cycles end here, no id is used twice.
        self._seen: dict[tuple[int, type], tuple[object, object]] = {}

    def visit(self, value: object, mark: Annotation[object] | None) -> object:
        """What becomes of a value."""
        if value.__class__ in PLAIN:
            return value
        key = (id(value), mark.__class__)
        seen = self._seen.get(key)
        if seen is not None:
            return seen[1]
        self._seen[key] = (value, value)
        outcome = self._outcome(value, mark)
        self._seen[key] = (value, outcome)
        return outcome

    def _outcome(self, value: object, mark: Annotation[object] | None) -> object:
        if isinstance(value, self._kinds):
            swapped = self._swap(value, mark)
            if swapped is value or isinstance(mark, opaque):
                return swapped
            return self.visit(swapped, mark)
        if isinstance(value, Annotation):
            return self._annotated(value)
        if isinstance(value, (list, tuple, set, frozenset)):
            return self._items(value, mark)
        if isinstance(value, dict):
            return self._mapping(value, mark)
        return self._attributes(value, mark)

    def _annotated(self, mark: Annotation[object]) -> object:
        inner = mark.value
        if not isinstance(mark, quote) and (not isinstance(mark, opaque) or isinstance(inner, self._kinds)):
            inner = self.visit(inner, mark)
        return inner if self._replaces else mark

    def _items(
        self,
        values: "list[object] | tuple[object, ...] | set[object] | frozenset[object]",
        mark: Annotation[object] | None,
    ) -> object:
        if _all_plain(values):
            return values
        items = [self.visit(each, mark) for each in values]
        if not self._replaces or all(new is old for new, old in zip(items, values, strict=True)):
            return values
        return _rebuilt(type(values), items)

    def _mapping(self, mapping: "dict[object, object]", mark: Annotation[object] | None) -> object:
        if _all_plain(mapping.values()) and _all_plain(mapping):
            return mapping
        items = [(self.visit(key, mark), self.visit(each, mark)) for key, each in mapping.items()]
        if not self._replaces or all(
            key is old_key and each is old for (key, each), (old_key, old) in zip(items, mapping.items(), strict=True)
        ):
            return mapping
        return _rebuilt_mapping(mapping, items)

    def _attributes(self, value: object, mark: Annotation[object] | None) -> object:
        if hasattr(value, "__dataclass_fields__") and not isinstance(value, type):
            return self._dataclass(cast("DataclassInstance", value), mark)
        if _is_model(value):
            changed = self._changed(dict(value), mark)  # type: ignore[call-overload]
            return value.model_copy(update=changed) if changed else value  # type: ignore[attr-defined]
        return value

    def _dataclass(self, value: "DataclassInstance", mark: Annotation[object] | None) -> object:
        # Imported here: it costs as much as the rest of this package's imports together.
        from dataclasses import fields, replace

        changed = self._changed({each.name: getattr(value, each.name) for each in fields(value) if each.init}, mark)
        return replace(value, **changed) if changed else value

    def _changed(self, attributes: dict[str, object], mark: Annotation[object] | None) -> dict[str, object]:
        """Those attributes that are replaced, with what replaces them."""
        visited = {name: self.visit(each, mark) for name, each in attributes.items()}
        if not self._replaces:
            return {}
        return {name: each for name, each in visited.items() if each is not attributes[name]}


def _is_plain(value: object) -> bool:
    """Whether a value is plain, or a collection of plain values. Most arguments are: it pays to ask first."""
    kind = value.__class__
    if kind is dict:
        return _all_plain(value.values()) and _all_plain(value)  # type: ignore[attr-defined, arg-type]
    return kind in PLAIN or (kind in _COLLECTIONS and _all_plain(value))  # type: ignore[arg-type]


_COLLECTIONS = frozenset({list, tuple, set, frozenset})


def _all_plain(values: Iterable[object]) -> bool:
    return PLAIN.issuperset(map(type, values))


def _rebuilt(kind: type, items: list[object]) -> object:
    if hasattr(kind, "_make"):  # a named tuple
        return kind._make(items)
    if issubclass(kind, list) and kind.__module__.partition(".")[0] == "orch":
        return items  # an OrchFutureList whose futures have become values is a plain list
    return kind(items)


def _rebuilt_mapping(old: "dict[object, object]", items: list[tuple[object, object]]) -> "dict[object, object]":
    # Copied, cleared and filled: constructors differ (defaultdict, Counter, users' own).
    new = copy(old)
    new.clear()
    for key, each in items:
        new[key] = each
    return new


def _is_model(value: object) -> bool:
    # A pydantic model can only be met where pydantic has been imported.
    model = getattr(sys.modules.get("pydantic"), "BaseModel", None)
    return model is not None and isinstance(value, model)
