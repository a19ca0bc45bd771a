"""What is said when a place for results cannot be used."""

import errno
import os
import shutil
from pathlib import Path

from orch.errors import ResultStorageError

_ELSEWHERE = "choose another place with result_storage=… or ORCH_RESULTS_STORAGE"

_PACKAGES = {
    "s3": "s3fs",
    "s3a": "s3fs",
    "gs": "gcsfs",
    "gcs": "gcsfs",
    "az": "adlfs",
    "abfs": "adlfs",
    "abfss": "adlfs",
    "adl": "adlfs",
    "sftp": "paramiko",
    "ssh": "paramiko",
    "smb": "smbprotocol",
    "hdfs": "pyarrow",
    "http": "aiohttp",
    "https": "aiohttp",
    "oci": "ocifs",
    "oss": "ossfs",
    "webdav": "webdav4",
    "hf": "huggingface_hub",
}
"""What to install for each scheme."""


def explain(error: OSError, verb: str, path: Path, size_bytes: int) -> ResultStorageError:
    """The error that says what a failed system call means. `verb` is what was tried: write, read, delete."""
    match error.errno:
        case errno.ENOSPC | errno.EDQUOT:
            why = f"there is no room for its {size_bytes:,} bytes ({_free_bytes(path)})"
            todo = f"Make room there, or {_ELSEWHERE}."
        case errno.EACCES | errno.EPERM:
            why = f"this user is not allowed to {verb} it ({error.filename or path})"
            todo = f"Give it the permission, or {_ELSEWHERE}."
        case errno.EROFS:
            why = "the file system is mounted read-only"
            todo = f"Mount it for writing, or {_ELSEWHERE}."
        case errno.ENOTDIR | errno.EEXIST:
            why = f"a file stands where a directory should be ({error.filename or path})"
            todo = f"Move the file away, or {_ELSEWHERE}."
        case errno.ENAMETOOLONG:
            why, todo = "the name is too long", "Give a shorter key."
        case _:
            why = f"the system says {error.strerror or error}"
            todo = f"See to that, or {_ELSEWHERE}."
    return ResultStorageError(f"Cannot {verb} the result {path}: {why}. {todo}")


def explain_remote(error: Exception, verb: str, url: str) -> ResultStorageError:
    """The error that says what a failed call of a driver means."""
    scheme = url.partition("://")[0].rpartition("::")[2]
    package = _PACKAGES.get(scheme)
    begin = f"Cannot {verb} the result {url}:"
    if isinstance(error, ImportError):
        return ResultStorageError(
            f"{begin} a driver for {scheme}:// is missing ({error}). Install it"
            + (f": pip install {package}" if package else ".")
        )
    if isinstance(error, ValueError) and "rotocol" in str(error):
        return ResultStorageError(f"{begin} nothing here knows what {scheme}:// is. Check the URL, or {_ELSEWHERE}.")
    if isinstance(error, PermissionError):
        return ResultStorageError(f"{begin} access is denied ({error}). Check the credentials and what they may do.")
    return ResultStorageError(
        f"{begin} {type(error).__name__}: {error}. Check that the place exists and can be reached from here, and the "
        "credentials."
    )


def _free_bytes(path: Path) -> str:
    existing = next((each for each in path.parents if each.exists()), Path(os.sep))
    return f"{shutil.disk_usage(existing).free:,} bytes are free"
