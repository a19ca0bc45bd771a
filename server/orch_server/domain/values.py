"""Values that come by the thousand: the type checker keeps them from being changed, and making one costs no more.

A frozen dataclass sets each field through a function call, which takes six to nine times as long.
"""

from dataclasses import dataclass
from typing import TypeVar, dataclass_transform

T = TypeVar("T")


@dataclass_transform(frozen_default=True)
def value(cls: type[T]) -> type[T]:
    """A dataclass with slots and a hash, frozen to the type checker alone."""
    return dataclass(slots=True, unsafe_hash=True)(cls)
