"""Does an install step: the name of its file says what installs it."""

import re
from pathlib import Path

from orch_worker.code.errors import CodeError
from orch_worker.code.installed import Installed, InstallOrder
from orch_worker.code.node_packages import install_node_packages
from orch_worker.code.python_packages import install_python_packages
from orch_worker.code.steps import InstallStep

_LOCK_FILES = (
    (re.compile(r"pylock(\.[^.]+)?\.toml"), install_python_packages),
    (re.compile(r"package-lock\.json|npm-shrinkwrap\.json"), install_node_packages),
)
_EXPORTS = {
    "uv.lock": ("uv export --format pylock.toml -o pylock.toml", "lock"),
    "pdm.lock": ("pdm export --format pylock -o pylock.toml", "lock"),
    "poetry.lock": ("poetry export -o requirements.txt", "requirements"),
    "Pipfile.lock": ("pipenv requirements > requirements.txt", "requirements"),
    "yarn.lock": ("npm install --package-lock-only", "lock"),
    "pnpm-lock.yaml": ("npm install --package-lock-only", "lock"),
}
"""Lock files of one tool alone: the command that writes what a worker can install, and under what it is named."""


async def install(order: InstallOrder) -> Installed:
    """What the step asks for, shared by all runs that ask for the same. Raises CodeError, in words."""
    if order.step.requirements:
        return await install_python_packages(order)
    for name, installer in _LOCK_FILES:
        if name.fullmatch(order.file.name):
            return await installer(order)
    if order.file.name in _EXPORTS:
        command, key = _EXPORTS[order.file.name]
        raise CodeError(
            f"A worker cannot install {order.step.lock}. `{command}` writes a file that it can: keep it with the code,"
            f' and name it under "{key}".'
        )
    raise CodeError(
        f"{order.step.lock} is not a lock file that a worker can install. It may be pylock.toml, which `pip lock`, `uv "
        "export --format pylock.toml` and `pdm export` write, or package-lock.json, which npm writes. A requirements "
        'file goes under "requirements".'
    )


def file_of(step: InstallStep, code: Path | None) -> Path:
    """The step's file in the code. Raises CodeError where it is not there."""
    if code is None:
        raise CodeError(
            f"The pull steps install {step.file}, but none brings the code that it belongs to. Put a local, git or "
            "archive step before."
        )
    file = code / step.file
    if not file.is_file():
        raise CodeError(f"There is no {step.file} in the code ({code}), which the install step names.")
    return file
