"""Tags of runs and deployments."""

from collections.abc import Collection

from orch_server.application.errors import FieldViolation, InvalidArgument
from orch_server.rpc.convert.names import name_problem

MOST_TAGS = 64


def to_tags(tags: Collection[str], field: str) -> tuple[str, ...]:
    """Tags as they are kept: sorted, each once. InvalidArgument names each that is wrong."""
    if not tags:
        return ()
    unique = sorted(set(tags))
    if len(unique) > MOST_TAGS:
        raise InvalidArgument.of(field, f"{len(unique)} tags are more than the limit of {MOST_TAGS}.")
    wrong = [FieldViolation(field, f"{tag[:64]!r}: {problem}") for tag in unique if (problem := name_problem(tag))]
    if wrong:
        raise InvalidArgument(wrong)
    return tuple(unique)
