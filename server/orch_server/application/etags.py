"""Etags: what a caller read, so that it can be told when somebody else has changed it since."""

from orch_server.application.errors import Conflict


def etag_of(version: int) -> str:
    """The etag of a version."""
    return f"v{version}"


def check_etag(etag: str, version: int, *, resource: str, key: str) -> None:
    """Raises Conflict where an etag is given and is not that of the version. An empty one asks for nothing."""
    if etag and etag != etag_of(version):
        raise Conflict(resource, key)
