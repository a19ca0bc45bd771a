"""A program: fetches an archive to a file, unpacks a file to a folder, or both.

Its standard input is a JSON object: `file`; `source` (`url`, `storage_options`, `sha256`) to fetch it from, unless it
is there; `folder` to unpack it to, if any. It prints the file's sha256. What goes wrong is told on standard error.
"""

import hashlib
import json
import shutil
import stat
import sys
import tarfile
import zipfile
from collections.abc import Mapping
from contextlib import AbstractContextManager
from pathlib import Path, PurePosixPath
from typing import IO, cast
from urllib.error import URLError
from urllib.parse import urlsplit
from urllib.request import Request, urlopen

CONNECT_SECONDS = 30
_CHUNK_BYTES = 1024 * 1024


class UnpackingError(Exception):
    """Why there are no files. In words, for people."""


def main() -> int:
    """Does what standard input asks for. The exit code: 0 when it is done."""
    request = json.load(sys.stdin)
    try:
        file = Path(request["file"])
        if request.get("source"):
            _fetch(request["source"], file)
            _check(request["source"].get("sha256"), _digest(file))
        if request.get("folder"):
            _unpack(file, Path(request["folder"]))
        sys.stdout.write(_digest(file))
    except UnpackingError as error:
        sys.stderr.write(str(error))
        return 1
    except (OSError, EOFError, tarfile.TarError, zipfile.BadZipFile, RuntimeError, ValueError) as error:
        sys.stderr.write(f"{type(error).__name__}: {error}")
        return 1
    return 0


def _fetch(source: Mapping[str, object], file: Path) -> None:
    url, options = str(source["url"]), cast("dict[str, object]", source["storage_options"])
    try:
        with _opened(url, options) as remote, file.open("wb") as local:
            shutil.copyfileobj(remote, local, _CHUNK_BYTES)
    except ImportError as error:
        raise UnpackingError(
            f"reading {urlsplit(url).scheme}:// needs a package that the worker's Python does not have ({error}). "
            "Install it there."
        ) from error
    except FileNotFoundError as error:
        raise UnpackingError(f"there is no such file ({error}).") from error
    except URLError as error:
        raise UnpackingError(f"it cannot be fetched: {error}.") from error


def _opened(url: str, options: dict[str, object]) -> AbstractContextManager[IO[bytes]]:
    if urlsplit(url).scheme in {"http", "https"}:
        # fsspec would need aiohttp for what the standard library does as well.
        headers = cast("dict[str, str]", options.get("headers", {}))
        request = Request(url, headers={"User-Agent": "orch-worker", **headers})
        return cast("AbstractContextManager[IO[bytes]]", urlopen(request, timeout=CONNECT_SECONDS))
    import fsspec

    return cast("AbstractContextManager[IO[bytes]]", fsspec.open(url, "rb", **options))


def _digest(file: Path) -> str:
    with file.open("rb") as opened:
        return hashlib.file_digest(opened, "sha256").hexdigest()


def _check(expected: object, found: str) -> None:
    if expected and expected != found:
        raise UnpackingError(
            f"its sha256 is {found}, not {expected} as the pull step says. Somebody has changed the archive: look "
            "into it, then put the new one into the deployment's pull step."
        )


def _unpack(file: Path, folder: Path) -> None:
    if zipfile.is_zipfile(file):
        with zipfile.ZipFile(file) as archive:
            _unzip(archive, folder)
    elif tarfile.is_tarfile(file):
        try:
            with tarfile.open(file) as tar:
                # "data" refuses whatever leads out of the folder, and devices.
                tar.extractall(folder, filter="data")
        except tarfile.FilterError as error:
            raise UnpackingError(f"it is not safe to unpack: {error}.") from error
    else:
        raise UnpackingError("it is neither a zip nor a tar file (plain, gz, bz2 or xz).")


def _unzip(archive: zipfile.ZipFile, folder: Path) -> None:
    """Unpacks a zip with its links and executable files, which `extractall` makes plain files of."""
    for member in archive.infolist():
        name = PurePosixPath(member.filename)
        if name.is_absolute() or ".." in name.parts or "\\" in member.filename:
            raise UnpackingError(f"it is not safe to unpack: {member.filename!r} leads out of the folder.")
    for member in archive.infolist():
        mode = member.external_attr >> 16
        if stat.S_ISLNK(mode):
            continue
        place = Path(archive.extract(member, folder))
        if mode and not member.is_dir():
            place.chmod(mode & 0o755 | 0o600)
    # Links come last, so that nothing is written through them.
    for member in archive.infolist():
        if stat.S_ISLNK(member.external_attr >> 16):
            _link(folder, PurePosixPath(member.filename), archive.read(member).decode())


def _link(folder: Path, name: PurePosixPath, target: str) -> None:
    place = folder / name
    if PurePosixPath(target).is_absolute() or not (place.parent / target).resolve().is_relative_to(folder.resolve()):
        raise UnpackingError(f"it is not safe to unpack: the link {str(name)!r} leads out of the folder.")
    place.parent.mkdir(parents=True, exist_ok=True)
    place.symlink_to(target)


if __name__ == "__main__":
    sys.exit(main())
