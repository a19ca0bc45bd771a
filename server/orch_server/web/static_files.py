"""The screen's files. Only what was found in the folder is served, so that no path can lead out of it."""

import asyncio
import gzip
import hashlib
import mimetypes
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path
from typing import TypeAlias

from orch_server.web.asgi import Answer, Receive, Request

BUILT_IN = Path(__file__).parent / "static"
"""Where the wheel has the built screen."""

_INDEX = "/index.html"
_HASHED = "/assets/"
_FOR_EVER = "public, max-age=31536000, immutable"
_ASK_AGAIN = "no-cache"
_TEXTS = frozenset({"text/html", "text/css", "text/javascript", "application/json", "image/svg+xml", "text/plain"})
_SMALLEST_PACKED_BYTES = 1024
# Not from the machine's own tables, which differ.
_MEDIA_TYPES = {".js": "text/javascript", ".mjs": "text/javascript", ".css": "text/css", ".woff2": "font/woff2",
                ".html": "text/html", ".svg": "image/svg+xml", ".webmanifest": "application/manifest+json",
                ".map": "application/json", ".json": "application/json", ".txt": "text/plain"}  # fmt: skip


@dataclass(frozen=True, slots=True)
class _File:
    content: bytes
    packed: bytes | None
    media_type: str
    etag: str


_Mark: TypeAlias = tuple[int, int]
"""What tells one index from another: its inode, and when it was written in nanoseconds."""


class StaticFiles:
    """Files by their paths; for what can be no file, and so is one of the screen's own addresses, its index."""

    def __init__(self, folder: Path = BUILT_IN) -> None:
        self._folder = folder
        self._built: _Mark | None = None
        self._paths: dict[str, Path] | None = None
        self._read: dict[str, _File] = {}

    async def __call__(self, request: Request, receive: Receive) -> Answer:
        """The file, or what its browser has already."""
        if request.method not in {"GET", "HEAD"}:
            return Answer.text("Files can only be read.", HTTPStatus.METHOD_NOT_ALLOWED, ("allow", "GET, HEAD"))
        self._notice_build()
        path = self._named(request.path)
        file = None if path is None else await self._file(path)
        if path is None or file is None:
            return self._nothing(request)
        return _answer(request, path, file)

    def _notice_build(self) -> None:
        """Forget everything where the screen was built anew while the server runs: its parts have other names now."""
        try:
            found = (self._folder / _INDEX.removeprefix("/")).stat()
        except FileNotFoundError:
            return  # it is being replaced, or was never there: what is known has to do
        built = (found.st_ino, found.st_mtime_ns)
        if built != self._built:
            self._built, self._paths, self._read = built, None, {}

    async def _file(self, path: str) -> _File | None:
        """A file that was found; None where it is gone."""
        known = self._read
        if path not in known:
            try:
                known[path] = await asyncio.to_thread(_load, self._all()[path])
            except FileNotFoundError:
                return None
        return known[path]

    def is_index(self, path: str) -> bool:
        """Whether a path is one of the screen's own addresses."""
        return self._named(path) == _INDEX

    def _named(self, path: str) -> str | None:
        """The key of the file that answers a path."""
        if path in self._all():
            return path
        return _INDEX if _INDEX in self._all() and not self._is_missing(path) else None

    def _is_missing(self, path: str) -> bool:
        """Whether a path can only mean a file: it looks like one, where the files are. What people name has dots, too,
        so "/flows/etl.daily" is an address."""
        folder, _, rest = path.removeprefix("/").partition("/")
        looks_like_file = "." in path.rpartition("/")[2]
        return looks_like_file and (not rest or any(each.startswith(f"/{folder}/") for each in self._all()))

    def _all(self) -> dict[str, Path]:
        if self._paths is None:
            inside = self._folder.resolve()
            found = sorted(self._folder.rglob("*")) if self._folder.is_dir() else []
            self._paths = {
                f"/{path.relative_to(self._folder).as_posix()}": path
                for path in found
                if path.is_file() and not path.name.startswith(".") and path.resolve().is_relative_to(inside)
            }
        return self._paths

    def _nothing(self, request: Request) -> Answer:
        if request.path == "/":
            text = "The control plane answers here, but this installation was built without its screen."
            return Answer.text(text, HTTPStatus.NOT_FOUND)
        return Answer.text("There is nothing here.", HTTPStatus.NOT_FOUND)


def _load(path: Path) -> _File:
    content = path.read_bytes()
    media_type = _MEDIA_TYPES.get(path.suffix) or mimetypes.guess_type(path.name)[0] or "application/octet-stream"
    is_text = media_type in _TEXTS
    packed = gzip.compress(content, mtime=0) if is_text and len(content) >= _SMALLEST_PACKED_BYTES else None
    etag = f'"{hashlib.sha256(content).hexdigest()[:32]}"'
    return _File(content, packed, f"{media_type}; charset=utf-8" if is_text else media_type, etag)


def _answer(request: Request, path: str, file: _File) -> Answer:
    caching = _FOR_EVER if path.startswith(_HASHED) else _ASK_AGAIN
    headers = [("cache-control", caching), ("etag", file.etag), ("vary", "Accept-Encoding")]
    known = [each.strip().removeprefix("W/") for each in request.headers.get("if-none-match", "").split(",")]
    if file.etag in known:
        return Answer(HTTPStatus.NOT_MODIFIED, b"", file.media_type, tuple(headers))
    if file.packed is not None and _takes_gzip(request):
        return Answer(HTTPStatus.OK, file.packed, file.media_type, (*headers, ("content-encoding", "gzip")))
    return Answer(HTTPStatus.OK, file.content, file.media_type, tuple(headers))


def _takes_gzip(request: Request) -> bool:
    accepted = [each.replace(" ", "") for each in request.headers.get("accept-encoding", "").split(",")]
    return any(each.partition(";")[0] == "gzip" and not each.endswith(";q=0") for each in accepted)
