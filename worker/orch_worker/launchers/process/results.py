"""What a command leaves in its result file."""

import json
from pathlib import Path

MAX_BYTES = 512 * 1024


class ResultError(Exception):
    """The file holds no result. The text says why and what to do; it continues a sentence."""


def read_result(path: Path) -> bytes | None:
    """The JSON in the file; None where nothing was left. Raises ResultError."""
    try:
        with path.open("rb") as file:
            content = file.read(MAX_BYTES + 1)
    except FileNotFoundError:
        return None
    except OSError as error:
        raise ResultError(f"its result file (ORCH_RESULT_FILE) cannot be read: {error.strerror}.") from error
    if not content.strip():
        return None
    if len(content) > MAX_BYTES:
        raise ResultError(
            f"its result file (ORCH_RESULT_FILE) holds more than {MAX_BYTES // 1024} KiB: "
            "store large results elsewhere, and leave their address."
        )
    try:
        json.loads(content)
    except ValueError as error:
        raise ResultError(f"its result file (ORCH_RESULT_FILE) holds no JSON: {error}.") from error
    return content
