"""Answers of use cases without a wire."""

import pickle
from typing import TypeVar
from uuid import UUID

from orch_server.application.replies import Reply

R = TypeVar("R")


def _same(result: R) -> R:
    return result


def plain(request_id: UUID | None = None, *, method: str = "Test", body: bytes = b"") -> Reply[R, R]:
    """Answers with the use case's own result; repeatable where there is a request id."""
    return Reply(
        request_id=request_id,
        method=method,
        fingerprint=body,
        convert=_same,
        encode=pickle.dumps,
        decode=pickle.loads,
    )
