"""The root file system that test images stand on: Debian's Python and a shell, of the release that runs here.

It is made of this machine's packages, fetched with its own apt settings and unpacked, not installed: that takes
seconds, no root, and no registry. Whoever has an image, and no apt, names it in ORCH_TEST_DOCKER_BASE.
"""

import os
import platform
import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import IO

from tests.support.docker_engine import Engine
from tests.support.required import need

BASE_VARIABLE = "ORCH_TEST_DOCKER_BASE"
"""An image of one's own to stand on, with a Python that Orch runs on: `python:3.12-slim`."""

PACKAGES = (
    *("base-files", "bash", "coreutils", "dash", "grep", "libstdc++6", "netbase", "passwd", "sed", "tzdata"),
    *("python3", "python3-venv"),
)
_EDITION = 1
"""To be raised where the way in which it is made changes."""
_FETCH_SECONDS = 300
_MERGED = ("bin", "sbin", "lib", "lib64")
_NOT_UNPACKED = ("./usr/share/doc", "./usr/share/man", "./usr/share/locale", "./usr/share/info")
_PASSWORDS = "root:x:0:0:root:/root:/bin/sh\nnobody:x:65534:65534:nobody:/nonexistent:/usr/sbin/nologin\n"
_GROUPS = "root:x:0:\nnogroup:x:65534:\n"


def base_name() -> str:
    """What decides what the base is like, for the names of images on top of it."""
    own = os.environ.get(BASE_VARIABLE, "").strip()
    return own or f"{_release()} {platform.machine()} {' '.join(PACKAGES)} {_EDITION}"


def make_base(engine: Engine, tag: str) -> None:
    """Give the engine the base under this name. Skips the test where it cannot be made."""
    own = os.environ.get(BASE_VARIABLE, "").strip()
    if own:
        engine.call("tag", own, tag)
        return
    for program in ("apt-get", "dpkg-deb", "tar"):
        need("docker", there=shutil.which(program) is not None, without=_without(f"there is no {program} here"))
    with tempfile.TemporaryDirectory(prefix="orch-docker-base-") as folder:
        root = Path(folder) / "root"
        _skeleton(root)
        for package in _fetched(Path(folder) / "apt"):
            _unpack(package, root)
        _finish(root)
        _import(engine, root, tag)


def _release() -> str:
    """`debian bookworm`."""
    try:
        facts = platform.freedesktop_os_release()
    except OSError:
        return platform.system()
    return f"{facts['ID']} {facts.get('VERSION_CODENAME', '')}"


def _without(reason: str) -> str:
    return (
        f"the image for tests cannot be made: {reason}. It is made of Debian's packages; elsewhere set {BASE_VARIABLE} "
        "to an image with Python 3.11 or newer, such as python:3.12-slim"
    )


def _fetched(folder: Path) -> list[Path]:
    """The packages, and all that they depend on. Lists of packages that are old, or not there, are fetched anew."""
    archives = folder / "archives"
    (archives / "partial").mkdir(parents=True)
    (folder / "lists" / "partial").mkdir(parents=True)
    (folder / "status").touch()
    place = ["-o", f"Dir::State::status={folder}/status", "-o", f"Dir::Cache={folder}", "-o", "Debug::NoLocking=1"]
    # Not as the user _apt, who cannot reach this folder.
    place += ["-o", f"Dir::Cache::archives={archives}", "-o", "APT::Sandbox::User=root"]
    fetch = ["install", "--download-only", "--yes", "--no-install-recommends", *PACKAGES]
    if _apt(*place, *fetch):
        place += ["-o", f"Dir::State::lists={folder}/lists"]
        said = _apt(*place, "update") or _apt(*place, *fetch)
        need("docker", there=not said, without=_without(f"apt-get cannot fetch its packages ({said[-600:]})"))
    return sorted(archives.glob("*.deb"))


def _apt(*arguments: str) -> str:
    """What it says where it fails; empty: it has not."""
    done = subprocess.run(
        ["apt-get", "-qq", *arguments], capture_output=True, text=True, check=False, timeout=_FETCH_SECONDS
    )
    return (done.stderr.strip() or "it failed") if done.returncode != 0 else ""


def _skeleton(root: Path) -> None:
    """Debian's /bin, /sbin and /lib lie in /usr; packages of older releases do not know."""
    for name in _MERGED:
        (root / "usr" / name).mkdir(parents=True)
        (root / name).symlink_to(f"usr/{name}")


def _unpack(package: Path, root: Path) -> None:
    left_out = [f"--exclude={path}" for path in _NOT_UNPACKED]
    tar = ["tar", "-x", "-C", str(root), "--keep-directory-symlink", "--no-same-owner", *left_out]
    with subprocess.Popen(["dpkg-deb", "--fsys-tarfile", str(package)], stdout=subprocess.PIPE) as source:
        subprocess.run(tar, stdin=_stdout(source), check=True)
    assert source.returncode == 0, f"{package.name} cannot be unpacked"


def _finish(root: Path) -> None:
    """What packages do when they are installed, as far as it is wanted here."""
    (root / "etc" / "passwd").write_text(_PASSWORDS)
    (root / "etc" / "group").write_text(_GROUPS)
    (root / "usr" / "local" / "bin").mkdir(parents=True, exist_ok=True)
    (root / "usr" / "local" / "bin" / "python").symlink_to("/usr/bin/python3")
    if not (root / "bin" / "sh").exists():
        (root / "bin" / "sh").symlink_to("dash")
    for name in ("tmp", "var/tmp"):
        (root / name).mkdir(parents=True, exist_ok=True)
        (root / name).chmod(0o1777)


def _import(engine: Engine, root: Path, tag: str) -> None:
    tar = ["tar", "-c", "-C", str(root), "--owner=0", "--group=0", "--numeric-owner", "."]
    with subprocess.Popen(tar, stdout=subprocess.PIPE) as source:
        engine.call("import", "--change", 'CMD ["python3"]', "-", tag, given=_stdout(source))
    assert source.returncode == 0, "tar has failed"


def _stdout(process: subprocess.Popen[bytes]) -> IO[bytes]:
    assert process.stdout is not None
    return process.stdout
