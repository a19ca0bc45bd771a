"""The import path `orch.utilities.annotations`, for flows that come from Prefect."""

from orch.annotations import allow_failure, opaque, quote, unmapped

__all__ = ["allow_failure", "opaque", "quote", "unmapped"]
