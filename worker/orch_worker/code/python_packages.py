"""Installs Python packages, in a virtual environment for each lock file.

The environment is known by what the file says (with the files that it names), and by the interpreter. With the worker's
own interpreter it also sees the worker's packages, behind its own: a run finds `orch` without naming it.
"""

import os
import re
import shutil
import sys
import sysconfig
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path

from orch_worker.code.errors import CodeError
from orch_worker.code.installed import Installed, InstallOrder, digest_of, identity_of
from orch_worker.code.programs import run_program
from orch_worker.code.steps import InstallStep

FIRST_PIP_FOR_OTHERS = (22, 3)
"""That installs into another environment (--python)."""
FIRST_PIP_WITH_LOCK_FILES = (26, 1)
"""That installs from pylock.toml."""
_INCLUDED = re.compile(r"^\s*(?:-r|--requirement|-c|--constraint)[\s=]*(?P<file>[^\s#]+)")
_LOCAL = re.compile(
    r"^\s*(?:-e\b|--editable\b|\.|file:|[^\s@#;-][^\s@#;]*/|[^#@]*@\s*(?:file:|\.|/)|directory\s*=|\[packages\.directory)"
)
"""A line that names something of the code itself, whose content no lock file tells."""


async def install_python_packages(order: InstallOrder) -> Installed:
    """A virtual environment with what a requirements file or a pylock.toml says. Raises CodeError, in words."""
    step, environment = order.step, order.environment
    python = _python(step.python, environment)

    async def make(folder: Path) -> None:
        order.tell(f"Installing {step.file}.")
        await _Making(step, order.file, environment, folder).make(python)
        if step.python is None:
            _show_own_packages(folder)

    hold = await order.store.use("environments", _name(order, python), make)
    folder = hold.entries[0]
    path = os.pathsep.join([str(folder / "bin"), environment.get("PATH", os.defpath)])
    added = {"VIRTUAL_ENV": str(folder), "PATH": path}
    return Installed(added, str(folder / "bin" / "python"), (hold,))


def _python(wanted: str | None, environment: Mapping[str, str]) -> Path:
    if wanted is None:
        return Path(sys.executable)
    found = shutil.which(os.path.expanduser(wanted), path=environment.get("PATH", os.defpath))
    if found is None:
        raise CodeError(
            f"The install step's python, {wanted}, is not on the worker's machine. Install it, or name another."
        )
    return Path(found)


def _name(order: InstallOrder, python: Path) -> str:
    """Names an environment by all that decides what is in it."""
    contents = _contents(order.file, set())
    settings = [f"{name}={value}".encode() for name, value in sorted(order.environment.items()) if _matters(name)]
    digest = digest_of(*contents, *settings, identity_of(python))
    return f"{re.sub(r'[^A-Za-z0-9]+', '-', order.step.file)[-40:].strip('-')}-{digest}"


def _matters(variable: str) -> bool:
    """Whether pip is told by it where packages come from, or which to take."""
    return variable.startswith("PIP_") and variable not in _MISLEADING


def _contents(file: Path, seen: set[Path]) -> Iterator[bytes]:
    """What a requirements file says, and those that it names; where it names files of the code, the code's place."""
    if file in seen or not file.is_file():
        return
    seen.add(file)
    text = file.read_bytes()
    yield text
    for line in text.decode(errors="replace").splitlines():
        if included := _INCLUDED.match(line):
            yield from _contents(file.parent / included["file"], seen)
        elif _LOCAL.match(line):
            yield str(file.parent).encode()


@dataclass(frozen=True, slots=True)
class _Making:
    step: InstallStep
    file: Path
    environment: Mapping[str, str]
    folder: Path

    async def make(self, python: Path) -> None:
        """A virtual environment, with the packages in it."""
        made, own = str(self.folder / "bin" / "python"), self._own_pip_will_do()
        await self._run(
            *(str(python), "-m", "venv", *(["--without-pip"] if own else []), str(self.folder)),
            what="a virtual environment",
            hint="On Debian and Ubuntu, Python's venv is a package of its own: python3-venv.",
        )
        pip = (sys.executable, "-m", "pip", "--python", made) if own else (made, "-m", "pip")
        pip = (*pip, "--disable-pip-version-check", "--no-input", "install", "--quiet")
        if self.step.lock and not own:
            newer = f"pip>={'.'.join(map(str, FIRST_PIP_WITH_LOCK_FILES))}"
            await self._run(*pip, newer, what=newer)
        await self._run(*pip, "--requirement", self.file.name, what=self.step.file)

    def _own_pip_will_do(self) -> bool:
        """Whether the worker's pip can install into the environment: one made with a pip of its own takes seconds."""
        try:
            version = metadata.version("pip")
        except metadata.PackageNotFoundError:
            return False
        needed = FIRST_PIP_WITH_LOCK_FILES if self.step.lock else FIRST_PIP_FOR_OTHERS
        return tuple(int(part) for part in re.findall(r"\d+", version)[:2]) >= needed

    async def _run(self, *command: str, what: str, hint: str = "") -> None:
        # PYTHONPATH and PYTHONHOME speak of another interpreter's packages; PIP_TARGET and the like of other places.
        kept = {name: value for name, value in self.environment.items() if name not in _MISLEADING}
        finished = await run_program(
            command, environment=kept, timeout_seconds=self.step.timeout_seconds, folder=self.file.parent
        )
        if not finished.well:
            raise CodeError(f"{what} cannot be installed: {_without_passwords(finished.last_lines())} {hint}".rstrip())


_MISLEADING = frozenset(
    {"PYTHONPATH", "PYTHONHOME", "VIRTUAL_ENV", "PIP_TARGET", "PIP_PREFIX", "PIP_USER", "PIP_REQUIRE_VIRTUALENV"}
)


def _without_passwords(text: str) -> str:
    """An index's address may hold a password; pip masks most, not all."""
    return re.sub(r"(?<=://)[^/\s@]+@", "***@", text)


def _show_own_packages(folder: Path) -> None:
    """Lets the environment see the worker's packages, after its own."""
    [packages] = folder.glob("lib/python*/site-packages")
    paths = dict.fromkeys([sysconfig.get_path("purelib"), sysconfig.get_path("platlib")])
    lines = [f"import site; site.addsitedir({path!r})\n" for path in paths]
    (packages / "orch_worker_packages.pth").write_text("".join(lines), encoding="utf-8")
