"""Marks around arguments that say how a flow or a task should take them.

process.map(rows, settings=unmapped(settings))   # the same settings for every row
report(allow_failure(future))                    # runs even if that task failed, and gets its exception
summarise(quote(large))                          # handed over as it is; nothing in it is looked for
store(opaque(future))                            # the future's result, not searched any further
"""

from typing import Generic, TypeVar

T = TypeVar("T")


class Annotation(Generic[T]):
    """A value with a mark on it. Two are equal where mark and value are."""

    __slots__ = ("value",)

    def __init__(self, value: T) -> None:
        self.value = value

    def unwrap(self) -> T:
        """The value without its mark."""
        return self.value

    def rewrap(self, value: T) -> "Annotation[T]":
        """The same mark on another value."""
        return type(self)(value)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Annotation) or type(self) is not type(other):
            return False
        return bool(self.value == other.value)

    def __hash__(self) -> int:
        return hash((type(self), self.value))

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.value!r})"


class unmapped(Annotation[T]):
    """Handed as it is to every task run that `map` makes, not split up among them."""

    __slots__ = ()

    def __getitem__(self, _: object) -> T:
        """The same value at every index."""
        return self.value


class allow_failure(Annotation[T]):
    """Lets a task start although the one that it depends on failed; its argument is then that one's exception."""

    __slots__ = ()


class quote(Annotation[T]):
    """Hands a value over untouched: no futures are looked for in it, which saves time with large collections."""

    __slots__ = ()

    def unquote(self) -> T:
        """The value without its mark."""
        return self.value


class opaque(Annotation[T]):
    """Waits for a future and hands over its result, but looks for nothing inside that result."""

    __slots__ = ()
