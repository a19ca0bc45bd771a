"""Reads what a command has left in its result file."""

from pathlib import Path

from orch_worker.launchers.results import MAX_RESULT_BYTES, ResultError, checked_result


def read_result(path: Path) -> bytes | None:
    """The JSON in the file; None where nothing was left. Raises ResultError."""
    try:
        with path.open("rb") as file:
            content = file.read(MAX_RESULT_BYTES + 1)
    except FileNotFoundError:
        return None
    except OSError as error:
        raise ResultError(f"its result file (ORCH_RESULT_FILE) cannot be read: {error.strerror}.") from error
    return checked_result(content)
