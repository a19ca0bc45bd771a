"""Places for bytes with names: directories of this machine, and whatever fsspec reaches (s3, gs, az, sftp …).

Local files are written without fsspec, whose import takes longer than the rest of the SDK's. Whatever goes wrong is a
ResultStorageError that says what, where, and what to do.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, Protocol

from orch.errors import ConfigurationError, ResultStorageError
from orch.results.storage_errors import explain, explain_remote


class Storage(Protocol):
    """A place where bytes lie under names. Names may have parts, divided by slashes."""

    location: str
    """Where it is: the same text for the same place."""

    def write(self, name: str, data: bytes, *, lasting: bool) -> str:
        """Write all of it or nothing, and give its URL. `lasting`: it outlives a loss of power."""
        ...

    def read(self, name: str) -> bytes | None:
        """What was written under the name; None if nothing is there."""
        ...

    def delete(self, name: str) -> bool:
        """Remove it; whether there was something."""
        ...

    @property
    def directory(self) -> Path | None:
        """The directory, where the place is one of this machine."""
        ...


def open_storage(place: "str | os.PathLike[str] | None" = None) -> Storage:
    """The storage at a path or URL; None: where the settings say. Nothing is created before something is written."""
    if place is None:
        from orch.settings import current_settings

        place = current_settings().storage
    if not isinstance(place, (str, os.PathLike)):
        raise ConfigurationError(
            f"{place!r} cannot be a storage: give a directory or a URL, such as '/data/results' or 's3://bucket/results'."
        )
    text = os.fspath(place)
    if text.startswith(("file:", "local:")):
        return LocalStorage(_path_of(text))
    return RemoteStorage(text) if "://" in text else LocalStorage(Path(text))


def read_uri(uri: str) -> bytes | None:
    """The bytes at a URL that `write` gave; None if they are gone."""
    place, _, name = uri.rpartition("/")
    if uri.startswith("file:"):
        path = _path_of(uri)
        return LocalStorage(path.parent).read(path.name)
    return RemoteStorage(place).read(name)


class LocalStorage:
    """A directory."""

    def __init__(self, directory: Path) -> None:
        """`directory` is made when something is first written."""
        # Not resolved: links may be pointed elsewhere later, and resolving costs system calls.
        self._directory = Path(os.path.abspath(directory.expanduser()))
        self.location = str(self._directory)

    @property
    def directory(self) -> Path:
        """The directory."""
        return self._directory

    def write(self, name: str, data: bytes, *, lasting: bool) -> str:
        """Write all of it or nothing, and give its URL."""
        path = self._directory / _checked(name)
        with _local_errors("write", path, len(data)):
            try:
                self._write(path, data, lasting=lasting)
            except FileNotFoundError:
                path.parent.mkdir(parents=True, exist_ok=True)
                self._write(path, data, lasting=lasting)
        return path.as_uri()

    def _write(self, path: Path, data: bytes, *, lasting: bool) -> None:
        # Readers see the old bytes or the new ones, whenever this process ends.
        part = path.with_name(f".{os.urandom(8).hex()}.part")
        try:
            with part.open("xb") as file:
                file.write(data)
                if lasting:
                    file.flush()
                    os.fsync(file.fileno())
            os.replace(part, path)
        except BaseException:
            with suppress(OSError):
                part.unlink()
            raise
        if lasting:
            _sync_directory(path.parent)

    def read(self, name: str) -> bytes | None:
        """What was written under the name; None if nothing is there."""
        path = self._directory / _checked(name)
        with _local_errors("read", path, 0):
            try:
                return path.read_bytes()
            except (FileNotFoundError, NotADirectoryError):
                return None

    def delete(self, name: str) -> bool:
        """Remove it; whether there was something."""
        path = self._directory / _checked(name)
        with _local_errors("delete", path, 0):
            try:
                path.unlink()
            except (FileNotFoundError, NotADirectoryError):
                return False
        return True


class RemoteStorage:
    """What fsspec reaches by a URL. Credentials come from where its driver takes them: the environment, or files."""

    directory = None

    def __init__(self, url: str) -> None:
        """`url` is a bucket, or a folder in one."""
        self.location = url.rstrip("/")

    def write(self, name: str, data: bytes, *, lasting: bool) -> str:
        """Write it, and give its URL. Buckets show all of it or nothing; with sftp and the like a half may be seen."""
        url = f"{self.location}/{_checked(name)}"
        with _remote_errors("write", url):
            system, path = _connect(url)
            try:
                system.pipe_file(path, data)
            except FileNotFoundError:
                # Most have no folders to make, and asking each time would cost a request.
                system.makedirs(path.rpartition("/")[0], exist_ok=True)
                system.pipe_file(path, data)
        return url

    def read(self, name: str) -> bytes | None:
        """What was written under the name; None if nothing is there."""
        url = f"{self.location}/{_checked(name)}"
        with _remote_errors("read", url):
            system, path = _connect(url)
            try:
                data: bytes = system.cat_file(path)
            except FileNotFoundError:
                return None
        return data

    def delete(self, name: str) -> bool:
        """Remove it; whether there was something."""
        url = f"{self.location}/{_checked(name)}"
        with _remote_errors("delete", url):
            system, path = _connect(url)
            try:
                system.rm_file(path)
            except FileNotFoundError:
                return False
        return True


def _connect(url: str) -> tuple[Any, str]:
    """fsspec's file system for a URL, which fsspec keeps, and the path in it."""
    from fsspec.core import url_to_fs

    system, path = url_to_fs(url)
    return system, path


def _checked(name: str) -> str:
    parts = name.split("/")
    if "\0" in name or not all(parts) or not {".", ".."}.isdisjoint(parts) or Path(name).is_absolute():
        raise ResultStorageError(
            f"{name!r} cannot be the name of a stored result: it must not be empty, begin or end with '/', or lead "
            "out of its storage. Give another key."
        )
    return name


def _path_of(uri: str) -> Path:
    from urllib.parse import urlsplit
    from urllib.request import url2pathname

    return Path(url2pathname(urlsplit(uri).path))


def _sync_directory(directory: Path) -> None:
    """Make the new name last as well. Systems that cannot do that keep names by themselves."""
    with suppress(OSError):
        handle = os.open(directory, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


@contextmanager
def _local_errors(verb: str, path: Path, size_bytes: int) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise explain(error, verb, path, size_bytes) from error


@contextmanager
def _remote_errors(verb: str, url: str) -> Iterator[None]:
    try:
        yield
    # Each driver has errors of its own, which are no OSErrors.
    except Exception as error:
        raise explain_remote(error, verb, url) from error
