"""Classes of which results are made in the tests."""

import enum
from collections import namedtuple
from dataclasses import dataclass, field
from typing import Any, Generic, NamedTuple, TypeVar

from pydantic import BaseModel, ConfigDict, PrivateAttr

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Point:
    x: int
    y: float


@dataclass
class Route:
    points: list[Point]
    name: str = field(default="way", init=False)


@dataclass
class Doubling:
    """What it is made of is not what it holds."""

    amount: int

    def __post_init__(self) -> None:
        self.amount *= 2


class Colour(enum.Enum):
    RED = "r"
    GREEN = "g"


class Level(enum.IntEnum):
    LOW = 1


class Right(enum.Flag):
    READ = 1
    WRITE = 2


class Order(BaseModel):
    number: int
    lines: dict[str, Any] = {}
    _seen: int = PrivateAttr(default=0)


class Open(BaseModel):
    model_config = ConfigDict(extra="allow")
    known: int = 1


class Box(BaseModel, Generic[T]):
    content: T


class Pair(NamedTuple):
    left: object
    right: object


Old = namedtuple("Old", "a b")


class Plain:
    """Nothing that JSON could know."""

    def __init__(self, held: object) -> None:
        self.held = held

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Plain) and other.held == self.held

    def __hash__(self) -> int:
        return 1
