"""What a command leaves in its result file (ORCH_RESULT_FILE). Standard library only."""

import json

MAX_RESULT_BYTES = 512 * 1024


class ResultError(Exception):
    """The file holds no result. The text says why and what to do; it continues a sentence."""


def checked_result(content: bytes, *, max_bytes: int = MAX_RESULT_BYTES) -> bytes | None:
    """The JSON that the file holds; None where it is empty. Raises ResultError.

    `content`: of the file; one byte more than `max_bytes` is enough, where it is larger.
    """
    if not content.strip():
        return None
    if len(content) > max_bytes:
        raise ResultError(
            f"its result file (ORCH_RESULT_FILE) holds more than {max_bytes // 1024} KiB: "
            "store large results elsewhere, and leave their address."
        )
    try:
        json.loads(content)
    except ValueError as error:
        raise ResultError(f"its result file (ORCH_RESULT_FILE) holds no JSON: {error}.") from error
    return content
