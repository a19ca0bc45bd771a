"""Installs Node packages, a `node_modules` for each lock file, with `npm ci`.

Node looks for packages in the folders above a program. Code that lies in the store gets a link to them; a person's own
folder is left as it is, and must have them already.
"""

import os
import shutil
import uuid
from pathlib import Path

from orch_worker.code.errors import CodeError
from orch_worker.code.installed import Installed, InstallOrder, digest_of, identity_of
from orch_worker.code.programs import run_program

PACKAGES = "node_modules"
_READ_BY_NPM = ("package.json", ".npmrc")
_QUIET = ("--no-audit", "--no-fund", "--no-progress", "--loglevel=error")


async def install_node_packages(order: InstallOrder) -> Installed:
    """The packages of a package-lock.json. Raises CodeError, in words."""
    if order.step.python is not None:
        raise CodeError(f"The install step of {order.step.file} names a python; npm has no use for it. Take it out.")
    wanted = order.file.parent / PACKAGES
    if not order.code_is_kept:
        return _installed_by_hand(order, wanted)
    node, npm = (_program(name, order) for name in ("node", "npm"))
    files = [order.file, *(path for name in _READ_BY_NPM if (path := order.file.parent / name).is_file())]

    async def make(folder: Path) -> None:
        order.tell(f"Installing {order.step.file}.")
        for file in files:
            shutil.copy(file, folder)
        await _npm(order, str(npm), folder)

    name = digest_of(*(file.read_bytes() for file in files), identity_of(node))
    hold = await order.store.use(PACKAGES, name, make)
    _link(wanted, hold.entries[0] / PACKAGES)
    return Installed(_environment(order, wanted), holds=(hold,))


def _installed_by_hand(order: InstallOrder, packages: Path) -> Installed:
    if not packages.is_dir():
        raise CodeError(
            f"{order.file.parent} has no {PACKAGES}, and a worker changes nothing in a local folder. Run `npm ci` "
            "there, or deploy with a git or archive pull step."
        )
    return Installed(_environment(order, packages))


def _program(name: str, order: InstallOrder) -> Path:
    found = shutil.which(name, path=order.environment.get("PATH", os.defpath))
    if found is None:
        raise CodeError(
            f"{order.step.file} needs {name}, which is not on the worker's PATH. Install Node.js on its machine."
        )
    return Path(found)


async def _npm(order: InstallOrder, npm: str, folder: Path) -> None:
    finished = await run_program(
        [npm, "ci", *_QUIET],
        environment=order.environment,
        timeout_seconds=order.step.timeout_seconds,
        folder=folder,
    )
    if not finished.well:
        raise CodeError(f"{order.step.file} cannot be installed: {finished.last_lines()}")
    # A package without dependencies has none, and npm makes no folder.
    (folder / PACKAGES).mkdir(exist_ok=True)


def _link(place: Path, packages: Path) -> None:
    """Lets the code see its packages. At once: another run of the same code may be looking for them."""
    if place.is_symlink() and place.readlink() == packages:
        return
    if place.exists() and not place.is_symlink():
        raise CodeError(f"The code has its own {place.name} beside its lock file: leave one of them out.")
    link = place.with_name(f".{PACKAGES}-{uuid.uuid4().hex}")
    link.symlink_to(packages)
    link.replace(place)


def _environment(order: InstallOrder, packages: Path) -> dict[str, str]:
    """Lets the run find the programs of its packages."""
    paths = [str(packages / ".bin"), order.environment.get("PATH", os.defpath)]
    return {"PATH": os.pathsep.join(paths)}
