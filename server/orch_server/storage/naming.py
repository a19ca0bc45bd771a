"""Names in statements: the same order and the same idea of a prefix in both databases, byte by byte."""

from sqlalchemy import ColumnElement, and_, bindparam, collate, func

from orch_server.storage.scope import Kind
from orch_server.storage.types import BIG, TEXT


def by_name(name: ColumnElement[str], kind: Kind) -> ColumnElement[str]:
    """The name as lists are ordered by it: by code points, as SQLite does, and not by a locale's rules."""
    return collate(name, "C") if kind == "postgresql" else name


def starts_with(name: ColumnElement[str], parameter: str) -> ColumnElement[bool]:
    """Whether a name begins with a parameter's text, which may hold any character. LIKE, on SQLite, ignores case."""
    prefix = bindparam(parameter, type_=TEXT)
    return and_(func.substr(name, 1, func.length(prefix, type_=BIG)) == prefix)
