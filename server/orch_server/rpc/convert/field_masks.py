"""Field masks of updates: which fields to set, of those that can be."""

from collections.abc import Collection

from google.protobuf.field_mask_pb2 import FieldMask

from orch_server.application.errors import FieldViolation, InvalidArgument

_FIELD = "update_mask"


def masked_paths(mask: FieldMask, changeable: Collection[str]) -> frozenset[str]:
    """The paths of a mask. InvalidArgument where there are none, or any that cannot be changed."""
    allowed = ", ".join(sorted(changeable))
    if not mask.paths:
        raise InvalidArgument.of(_FIELD, f"is empty. Name the fields to change, of: {allowed}.")
    wrong = sorted(set(mask.paths) - set(changeable))
    if wrong:
        text = "does not exist or cannot be changed. Those that can: "
        raise InvalidArgument([FieldViolation(_FIELD, f"{path[:64]!r} {text}{allowed}.") for path in wrong])
    return frozenset(mask.paths)
