"""`profiles.toml`, read and changed. Comments and order stay as people wrote them; a change is there all or not at all.

What the SDK makes of the file is `orch.settings`; what a value may be is asked there too.
"""

import os
import re
import sys
import tempfile
from collections.abc import Collection, Iterator, Mapping, MutableMapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from orch.errors import ConfigurationError
from orch.settings import PROFILE_KEYS, PROFILES_FILE, home_directory, profile_value
from orch_cli.failures import NotFound

if TYPE_CHECKING:
    from tomlkit import TOMLDocument

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,63}")
_Table = MutableMapping[str, object]


@dataclass(frozen=True, slots=True)
class Profile:
    """One profile as it stands in the file."""

    name: str
    active: bool
    """Whether `active` in the file names it. ORCH_PROFILE may name another."""
    settings: Mapping[str, object]


class ProfileStore:
    """The profiles of one home directory."""

    def __init__(self, home: Path) -> None:
        self.path = home / PROFILES_FILE

    @classmethod
    def of(cls, environ: Mapping[str, str]) -> "ProfileStore":
        """Of the home directory that an environment names. Raises ConfigurationError where there is none."""
        return cls(home_directory(environ))

    def all(self) -> list[Profile]:
        """Every profile, in the file's order. Raises ConfigurationError where the file cannot be read."""
        document = self._document().unwrap()
        active = document.get("active")
        profiles = document.get("profiles", {})
        return [Profile(name, active=name == active, settings=table) for name, table in profiles.items()]

    def get(self, name: str) -> Profile:
        """One profile. Raises NotFound."""
        for profile in self.all():
            if profile.name == name:
                return profile
        raise self._unknown(name)

    def active(self) -> str:
        """The name in `active`, whether or not there is such a profile; empty where there is none."""
        return str(self._document().get("active", ""))

    def create(self, name: str, values: Mapping[str, str]) -> None:
        """A new profile. Raises ConfigurationError where the name is taken, or cannot be one, or a value is wrong."""
        if not _NAME.fullmatch(name):
            raise ConfigurationError(
                f"{name!r} cannot be a profile's name: use up to 64 letters, digits, - and _, a letter or digit first."
            )
        parsed = _parsed(values)
        with self._changing() as document:
            if name in document.get("profiles", {}):
                raise ConfigurationError(
                    f"There is a profile {name!r} already. `orch profile set {name} KEY=VALUE` changes it."
                )
            _add(document, name, parsed)

    def set(self, name: str, values: Mapping[str, str]) -> None:
        """Writes settings of a profile. Raises NotFound, and ConfigurationError where a value is wrong:
        nothing is changed then.
        """
        parsed = _parsed(values)
        with self._changing() as document:
            self._table(document, name).update(parsed)

    def unset(self, name: str, keys: Collection[str]) -> list[str]:
        """Takes settings out of a profile; answers with those that it had. What is no setting at all can be taken out
        too, where it is there.

        Raises NotFound for the profile, ConfigurationError for a key that is none: nothing is changed then.
        """
        with self._changing() as document:
            table = self._table(document, name)
            for key in keys:
                if key not in table:
                    check_key(key)
            found = [key for key in keys if key in table]
            for key in found:
                del table[key]
        return found

    def use(self, name: str) -> None:
        """Makes a profile the active one; the empty name: none. Raises NotFound."""
        with self._changing() as document:
            if name:
                self._table(document, name)
                document["active"] = name
            else:
                document.pop("active", None)

    def delete(self, name: str) -> None:
        """Deletes a profile. Raises NotFound, and ConfigurationError where it is the active one."""
        with self._changing() as document:
            self._table(document, name)
            if document.get("active") == name:
                raise ConfigurationError(
                    f"The profile {name!r} is the active one. `orch profile use OTHER` makes another active,"
                    " `orch profile use --none` none; then it can be deleted."
                )
            profiles: _Table = document["profiles"]
            del profiles[name]

    def _table(self, document: "TOMLDocument", name: str) -> _Table:
        table: _Table | None = document.get("profiles", {}).get(name)
        if table is None:
            raise self._unknown(name)
        return table

    def _unknown(self, name: str) -> NotFound:
        names = ", ".join(profile.name for profile in self.all()) or "none"
        return NotFound(
            f"There is no profile {name!r} in {self.path}; there are: {names}. `orch profile create {name}` makes one."
        )

    def _document(self) -> "TOMLDocument":
        from tomlkit import parse
        from tomlkit.exceptions import TOMLKitError

        try:
            document = parse(self.path.read_text(encoding="utf-8"))
        except (FileNotFoundError, NotADirectoryError):
            return parse("")
        except OSError as error:
            raise ConfigurationError(f"Cannot read {self.path}: {error.strerror or error}.") from error
        except (TOMLKitError, UnicodeDecodeError) as error:
            raise ConfigurationError(
                f"{self.path} is not TOML: {error}. Mend it with an editor, or move it away to begin anew."
            ) from error
        profiles = document.get("profiles", {})
        if not isinstance(profiles, dict) or not all(isinstance(each, dict) for each in profiles.values()):
            raise ConfigurationError(f"{self.path}: `profiles` must hold tables: write [profiles.NAME] above its keys.")
        return document

    @contextmanager
    def _changing(self) -> Iterator["TOMLDocument"]:
        """The document, to be changed; written when the block has gone well. One process at a time."""
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            with _alone(self.path.parent):
                document = self._document()
                yield document
                _replace(self.path, document.as_string())
        except OSError as error:
            raise ConfigurationError(
                f"Cannot write {self.path}: {error.strerror or error}. Mend that, or set ORCH_HOME to a directory that"
                " you may write to."
            ) from error


def _parsed(values: Mapping[str, str]) -> dict[str, object]:
    for key in values:
        check_key(key)
    return {key: profile_value(key, text) for key, text in values.items()}


def check_key(key: str) -> None:
    """Raises ConfigurationError where a profile cannot hold `key`; says which one may have been meant."""
    if key in PROFILE_KEYS:
        return
    from difflib import get_close_matches

    short = key.lower().removeprefix("orch_")
    close = [short] if short in PROFILE_KEYS else get_close_matches(short, PROFILE_KEYS, 1)
    meant = f" Did you mean {close[0]!r}?" if close else f" There are: {', '.join(sorted(PROFILE_KEYS))}."
    raise ConfigurationError(f"There is no setting {key!r}.{meant}")


def _add(document: "TOMLDocument", name: str, values: Mapping[str, object]) -> None:
    from tomlkit import table

    if "profiles" not in document:
        document["profiles"] = table(is_super_table=True)
    new = table()
    new.update(values)
    profiles: _Table = document["profiles"]
    profiles[name] = new


@contextmanager
def _alone(directory: Path) -> Iterator[None]:
    """Two commands at once change the file one after the other."""
    if sys.platform == "win32":  # no such locks there
        yield
        return
    import fcntl

    handle = os.open(directory, os.O_RDONLY)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)


def _replace(path: Path, content: str) -> None:
    """All at once, and readable for this user only: a profile may hold a key. A link stays a link."""
    target = path.resolve()
    number, name = tempfile.mkstemp(dir=target.parent, prefix=f".{target.name}.")
    try:
        with os.fdopen(number, "w", encoding="utf-8") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        Path(name).replace(target)
    except OSError:
        with suppress(OSError):
            Path(name).unlink()
        raise
