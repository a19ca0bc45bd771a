"""The server's logs on stderr: as those of all of Orch's processes."""

from orch_client.logs import (
    HumanFormatter,
    JsonFormatter,
    LogFormat,
    LogLevel,
    Redactor,
    configure_logging,
    redact_url,
    wants_human,
)

__all__ = [
    "HumanFormatter",
    "JsonFormatter",
    "LogFormat",
    "LogLevel",
    "Redactor",
    "configure_logging",
    "redact_url",
    "wants_human",
]
