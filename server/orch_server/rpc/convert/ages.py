"""How long ago something was, by the clock of whoever tells it."""

from datetime import timedelta

from google.protobuf.duration_pb2 import Duration

from orch_server.application.errors import InvalidArgument
from orch_server.domain.process_runs import MAX_AGE
from orch_server.rpc.convert.basics import from_duration


def to_age(message: Duration, field: str) -> timedelta:
    """An age from the wire; an absent one is none at all. Raises InvalidArgument for one above the limit."""
    age = from_duration(message, field)
    if age > MAX_AGE:
        raise InvalidArgument.of(field, f"is more than the limit of {MAX_AGE.days} days.")
    return age
