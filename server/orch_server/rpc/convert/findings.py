"""Collects what is wrong with a request, so that its author hears of everything at once."""

from collections.abc import Callable
from types import TracebackType
from typing import Self, TypeVar

from orch_server.application.errors import FieldViolation, InvalidArgument

T = TypeVar("T")


class Findings:
    """`with Findings() as findings:` raises InvalidArgument at the end of the block with all that was found in it."""

    def __init__(self) -> None:
        self._found: list[FieldViolation] = []
        self._reasons: set[str] = set()

    def read(self, convert: Callable[[], T], otherwise: T) -> T:
        """What `convert` returns; where it raises InvalidArgument, that is kept for later and `otherwise` returned."""
        try:
            return convert()
        except InvalidArgument as error:
            self._found.extend(error.violations)
            self._reasons.add(error.reason)
            return otherwise

    def expect(self, holds: bool, field: str, description: str) -> None:
        """Note a violation where something does not hold."""
        if not holds:
            self._found.append(FieldViolation(field, description))
            self._reasons.add("INVALID_FIELD")

    def __enter__(self) -> Self:
        """Begin."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Raise what was found, unless something worse is under way."""
        if self._found and error is None:
            reason = self._reasons.pop() if len(self._reasons) == 1 else "INVALID_FIELD"
            raise InvalidArgument(self._found, reason=reason)
