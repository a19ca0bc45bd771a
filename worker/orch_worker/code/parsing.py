"""Reads pull steps as a deployment states them: a JSON array of objects, each with its kind under "step".

At most one step brings the code (local, git, archive); at most one step after it installs packages. Whoever writes
something else is told what, where, and what there is: a step that is silently ignored costs an afternoon.
"""

import json
import re
from collections.abc import Callable, Mapping, Sequence
from difflib import get_close_matches
from pathlib import Path, PurePosixPath
from typing import TypeAlias
from urllib.parse import urlsplit

from orch_worker.code.errors import CodeError
from orch_worker.code.steps import ArchiveStep, CodeStep, GitStep, InstallStep, LocalStep, Steps

_Check: TypeAlias = Callable[[object], object]


def parse_steps(steps_json: str) -> Steps:
    """The steps of a deployment. Raises CodeError, in words, for what is not one."""
    items = _load(steps_json)
    steps = [_parse(number, item) for number, item in enumerate(items, 1)]
    code = [step for step in steps if not isinstance(step, InstallStep)]
    install = [step for step in steps if isinstance(step, InstallStep)]
    if len(code) > 1 or len(install) > 1 or (code and install and isinstance(steps[0], InstallStep)):
        kinds = ", ".join(str(item["step"]) for item in items)
        raise CodeError(
            f"The pull steps are {kinds}. There may be one that brings the code (local, git or archive), and one "
            "install step after it. Change the deployment's pull steps."
        )
    return Steps(code[0] if code else None, install[0] if install else None)


def _load(steps_json: str) -> Sequence[Mapping[str, object]]:
    try:
        items = json.loads(steps_json or "[]")
    except (ValueError, RecursionError) as error:
        raise CodeError(f"The deployment's pull steps are not JSON: {error}.") from error
    if not isinstance(items, list) or not all(isinstance(item, dict) for item in items):
        raise CodeError('The deployment\'s pull steps must be a JSON array of objects, such as [{"step": "local", …}].')
    return items


def _parse(number: int, item: Mapping[str, object]) -> CodeStep | InstallStep:
    kind = item.get("step")
    if not isinstance(kind, str) or kind not in _KINDS:
        raise CodeError(f'Pull step {number}: "step" is {json.dumps(kind)}. It must be {_either(_KINDS)}.')
    make, fields, needed = _KINDS[kind]
    where = f"Pull step {number} ({kind})"
    given = {name: value for name, value in item.items() if name != "step"}
    for name in given:
        if name not in fields:
            raise CodeError(f"{where}: it has no {name!r}.{_similar(name, fields)} It knows {_either(fields, 'and')}.")
    try:
        values = {name: fields[name](value) for name, value in given.items() if value is not None}
    except _WrongValue as error:
        raise CodeError(f"{where}: {error}") from None
    chosen = [name for name in needed if name in values]
    if not chosen:
        raise CodeError(f"{where}: {_either(needed)} is missing.")
    step = make(**values)
    _refuse_two(where, values, ("branch", "tag", "commit"))
    _refuse_two(where, values, ("requirements", "lock"))
    return step


def _refuse_two(where: str, values: Mapping[str, object], names: Sequence[str]) -> None:
    given = [name for name in names if name in values]
    if len(given) > 1:
        raise CodeError(f"{where}: {_either(given, 'and')} are given; only one of them can be meant.")


class _WrongValue(ValueError):
    """A value that its key cannot have. The text says which, and what it should be."""


def _text(name: str) -> _Check:
    def check(value: object) -> str:
        if not isinstance(value, str) or not value.strip() or any(ord(letter) < 32 for letter in value):
            raise _WrongValue(f"{name} must be a text, not {json.dumps(value)}.")
        return value

    return check


def _name(name: str) -> _Check:
    def check(value: object) -> str:
        text = str(_text(name)(value))
        # git would take it for an option, or for something other than a name.
        if text.startswith("-") or re.search(r"[\s~^:?*\[\\]|\.\.|@\{", text):
            raise _WrongValue(f"{name} {text!r} is not a name that git knows.")
        return text

    return check


def _hex(name: str, *lengths: int) -> _Check:
    def check(value: object) -> str:
        text = str(_text(name)(value)).lower()
        if len(text) not in lengths or not re.fullmatch("[0-9a-f]+", text):
            raise _WrongValue(f"{name} must be all {lengths[0]} hexadecimal digits, not {text!r}.")
        return text

    return check


def _url(value: object) -> str:
    url = str(_text("url")(value))
    if url.startswith("-") or "::" in url.split("/", 1)[0]:
        raise _WrongValue(f"url {url!r} is not an address of a repository.")
    return _without_password(url)


def _without_password(url: str) -> str:
    try:
        password = urlsplit(url).password if "://" in url else None
    except ValueError as error:
        raise _WrongValue(f"url is not an address that can be read: {error}.") from None
    if password:
        raise _WrongValue(
            "url has a password in it, which everybody who sees the deployment could read. Take it out, and name a "
            'variable of the worker\'s environment that holds it: "credential": "NAME".'
        )
    return url


def _archive_url(value: object) -> str:
    return _without_password(str(_text("url")(value)))


def _inside(name: str) -> _Check:
    def check(value: object) -> str:
        text = str(_text(name)(value))
        path = PurePosixPath(text)
        if path.is_absolute() or ".." in path.parts:
            raise _WrongValue(f"{name} {text!r} must be a path inside the code's folder.")
        return str(path)

    return check


def _folder(value: object) -> Path:
    path = Path(str(_text("path")(value))).expanduser()
    if not path.is_absolute():
        raise _WrongValue(f"path {str(path)!r} must be absolute: a worker runs somewhere else.")
    return path


def _yes_or_no(value: object) -> bool:
    if not isinstance(value, bool):
        raise _WrongValue(f"submodules must be true or false, not {json.dumps(value)}.")
    return value


def _seconds(value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 < value <= 86400:
        raise _WrongValue(f"timeout_seconds must be a number above 0 and up to 86400, not {json.dumps(value)}.")
    return float(value)


def _options(value: object) -> Mapping[str, object]:
    if not isinstance(value, dict):
        raise _WrongValue(f"storage_options must be an object, not {json.dumps(value)}.")
    return value


def _similar(name: str, known: Mapping[str, object]) -> str:
    close = get_close_matches(name, known, n=1)
    return f" Did you mean {close[0]!r}?" if close else ""


def _either(names: Sequence[str] | Mapping[str, object], word: str = "or") -> str:
    *first, last = [f'"{name}"' for name in names]
    return f"{', '.join(first)} {word} {last}" if first else last


_KINDS: Mapping[str, tuple[Callable[..., CodeStep | InstallStep], Mapping[str, _Check], Sequence[str]]] = {
    "local": (LocalStep, {"path": _folder}, ["path"]),
    "git": (
        GitStep,
        {
            "url": _url,
            "branch": _name("branch"),
            "tag": _name("tag"),
            "commit": _hex("commit", 40, 64),
            "credential": _text("credential"),
            "subfolder": _inside("subfolder"),
            "submodules": _yes_or_no,
            "timeout_seconds": _seconds,
        },
        ["url"],
    ),
    "archive": (
        ArchiveStep,
        {
            "url": _archive_url,
            "sha256": _hex("sha256", 64),
            "storage_options": _options,
            "subfolder": _inside("subfolder"),
            "timeout_seconds": _seconds,
        },
        ["url"],
    ),
    "install": (
        InstallStep,
        {
            "requirements": _inside("requirements"),
            "lock": _inside("lock"),
            "python": _text("python"),
            "timeout_seconds": _seconds,
        },
        ["requirements", "lock"],
    ),
}
