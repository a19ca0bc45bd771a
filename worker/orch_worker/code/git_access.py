"""How git may reach a repository: whose credential it shows, to whom, and that it never asks a person.

A credential is handed to git in its environment, which only the same user can read: not on a command line, which all
can, and not in a file. It is shown to the host of the step's address and to no other, whatever a submodule names.
"""

import os
import re
import shlex
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import quote, urlsplit

from orch_worker.code.errors import CodeError
from orch_worker.code.steps import GitStep

DEFAULT_USER = "x-access-token"
"""With a token alone. The big hosts ask for some user beside a token, and take any."""
_HELPER = """!f() {
    test "$1" != get || printf "username=%s\\npassword=%s\\n" "$ORCH_GIT_USER" "$ORCH_GIT_PASSWORD"
}; f"""


@dataclass(frozen=True, slots=True)
class Access:
    """What git is run with."""

    environment: Mapping[str, str] = field(repr=False)
    secrets: tuple[str, ...] = field(default=(), repr=False)
    """What must not be seen in any text."""


def access_to(step: GitStep, environment: Mapping[str, str]) -> Access:
    """Access to a step's repository. Raises CodeError where its credential is not there."""
    inherited = {name: value for name, value in environment.items() if not _misleads(name)}
    quiet = {
        "GIT_TERMINAL_PROMPT": "0",
        "GIT_ASKPASS": "",
        "SSH_ASKPASS": "",
        "SSH_ASKPASS_REQUIRE": "never",
        "GIT_SSH_COMMAND": environment.get("GIT_SSH_COMMAND", "ssh -o BatchMode=yes"),
        "GIT_ALLOW_PROTOCOL": "file:git:http:https:ssh",
        # A connection that says nothing for half a minute is dead.
        "GIT_HTTP_LOW_SPEED_LIMIT": "1",
        "GIT_HTTP_LOW_SPEED_TIME": "30",
        # Texts that can be told apart.
        "LC_ALL": "C",
        "LANGUAGE": "C",
    }
    if step.credential is None:
        return Access({**inherited, **quiet})
    if urlsplit(step.url).scheme in {"http", "https"}:
        user, password = _user_and_password(step.credential, environment)
        return Access(
            {**inherited, **quiet, **_for_host(step.url, user, password, environment)}, (password, quote(password))
        )
    return Access({**inherited, **quiet, "GIT_SSH_COMMAND": _with_key(step.credential)})


def _misleads(variable: str) -> bool:
    """Variables that name another repository, where the worker was started from a git hook, or that tell secrets."""
    return variable.startswith("GIT_TRACE") or variable in {
        "GIT_COMMON_DIR",
        "GIT_CURL_VERBOSE",
        "GIT_DIR",
        "GIT_INDEX_FILE",
        "GIT_NAMESPACE",
        "GIT_OBJECT_DIRECTORY",
        "GIT_PREFIX",
        "GIT_WORK_TREE",
    }


def _user_and_password(credential: str, environment: Mapping[str, str]) -> tuple[str, str]:
    secret = _secret(credential, environment).strip()
    if not secret:
        raise CodeError(f"The credential {credential} is empty. It must be TOKEN or USER:TOKEN.")
    user, colon, password = secret.partition(":")
    return (user, password) if colon else (DEFAULT_USER, secret)


def _secret(credential: str, environment: Mapping[str, str]) -> str:
    if not _is_file(credential):
        if credential not in environment:
            raise CodeError(
                f"The pull step's credential is the variable {credential}, which the worker's environment does not "
                "have. Start the worker with it."
            )
        return environment[credential]
    try:
        return Path(credential).expanduser().read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise CodeError(f"The credential {credential} cannot be read on the worker's machine: {error}.") from error


def _is_file(credential: str) -> bool:
    return "/" in credential or not re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]*", credential)


def _for_host(url: str, user: str, password: str, environment: Mapping[str, str]) -> Mapping[str, str]:
    """A credential helper for one host, by git's configuration in the environment."""
    parts = urlsplit(url)
    host = f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}"
    before = int(environment.get("GIT_CONFIG_COUNT") or "0")
    settings = [("credential.helper", ""), (f"credential.{host}.helper", ""), (f"credential.{host}.helper", _HELPER)]
    numbered = {"GIT_CONFIG_COUNT": str(before + len(settings))}
    for number, (name, value) in enumerate(settings, before):
        numbered |= {f"GIT_CONFIG_KEY_{number}": name, f"GIT_CONFIG_VALUE_{number}": value}
    return {**numbered, "ORCH_GIT_USER": parts.username or user, "ORCH_GIT_PASSWORD": password}


def _with_key(credential: str) -> str:
    """For ssh a credential is a file with a private key: there is nothing else to show."""
    path = Path(credential).expanduser()
    if not _is_file(credential) or not path.is_file() or not os.access(path, os.R_OK):
        raise CodeError(
            f"The credential {credential} is not a readable file on the worker's machine. For an address of ssh it "
            "is the path of a private key; for a token, use an https address."
        )
    return f"ssh -o BatchMode=yes -o IdentitiesOnly=yes -i {shlex.quote(str(path))}"
