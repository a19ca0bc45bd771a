"""The image that tests run containers of: Python, what Orch needs, and the wheel of this very tree. No registry.

Three layers, each known by a hash of what went into it, so that each is made once: a base, the dependencies on it, the
wheel on both. The user in it is not root. Processes that want it at once wait for the one that makes it.
"""

import fcntl
import hashlib
import io
import os
import subprocess
import sys
import tarfile
import tempfile
import tomllib
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from configparser import ConfigParser
from contextlib import contextmanager
from pathlib import Path

from tests.support.docker_base import base_name, make_base
from tests.support.docker_engine import Engine
from tests.support.required import need

ROOT = Path(__file__).resolve().parents[2]
_SCREEN = ROOT / "server" / "orch_server" / "web" / "static"
REPOSITORY = "orch-test"
LABEL = "orch.test-image"
USER = 10001
"""Of the image: not root."""
_BUILD_SECONDS = 300
_KEPT = 2
"""Images of a kind: of this tree, and of another that is being tested beside it."""
_DEPENDENCIES = f"""
FROM {{base}}
COPY site {{site}}
COPY --chown={USER}:{USER} home /home/orch
RUN echo orch:x:{USER}:{USER}::/home/orch:/bin/sh >> /etc/passwd && echo orch:x:{USER}: >> /etc/group \\
    && python3 -m compileall -q -j 0 /usr/lib/python3* {{site}}
ENV HOME=/home/orch
WORKDIR /home/orch
"""
_PROJECT = f"""
FROM {{dependencies}}
LABEL {LABEL}=project
COPY site {{site}}
COPY bin /usr/local/bin
RUN cd {{site}} && python3 -m compileall -q {{packages}}
USER {USER}:{USER}
"""


def project_image(engine: Engine) -> str:
    """The name of the image with the tree as it is now, made if the engine has it not. Skips the test where it cannot
    be made."""
    with _alone():
        base = f"{REPOSITORY}:base-{_hash(base_name())}"
        if not engine.has_image(base):
            make_base(engine, base)
        needed = _requirements()
        dependencies = f"{REPOSITORY}:dependencies-{_hash(base_name(), _DEPENDENCIES, *needed)}"
        if not engine.has_image(dependencies):
            _add_dependencies(engine, base, dependencies, needed)
        project = f"{REPOSITORY}:project-{_hash(dependencies, _PROJECT, *_sources())}"
        if not engine.has_image(project):
            _add_project(engine, dependencies, project)
        return project


def base_image(engine: Engine) -> str:
    """The name of the image with Python alone, made if the engine has it not."""
    with _alone():
        base = f"{REPOSITORY}:base-{_hash(base_name())}"
        if not engine.has_image(base):
            make_base(engine, base)
        return base


def build_wheel(place: Path, *, screen: bool) -> Path:
    """The wheel of the tree as it is now, with or without the server's screen, which takes longer."""
    command = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(place), str(ROOT)]
    environment = os.environ if screen else {**os.environ, "ORCH_BUILD_WEB": "off"}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"the wheel cannot be built: {done.stdout[-2000:]}{done.stderr[-2000:]}"
    return next(place.glob("*.whl"))


def download(place: Path, requirements: Sequence[str], python: str, *how: str) -> None:
    """Wheels for a Python of this machine's platform, by this machine's pip and its settings: `how` is `download` or
    `install`, with options. Skips the test where the package index cannot be reached."""
    command = [sys.executable, "-m", "pip", *how, "--quiet", "--disable-pip-version-check", "--no-input"]
    command += ["--only-binary=:all:", "--python-version", python, *requirements]
    done = subprocess.run(command, cwd=place, capture_output=True, text=True, check=False, timeout=_BUILD_SECONDS)
    message = f"pip cannot get what goes into the image for tests ({done.stderr.strip()[-600:]})"
    need("docker", there=done.returncode == 0, without=message)


def python_of(engine: Engine, image: str) -> tuple[str, str]:
    """The version of an image's Python (3.11), and the folder that packages are installed into there."""
    program = "import site, sys; print('%d.%d' % sys.version_info[:2], site.getsitepackages()[0])"
    version, _, folder = engine.call("run", "--rm", "--network", "none", image, "python3", "-c", program).partition(" ")
    return version, folder


def build(engine: Engine, tag: str, dockerfile: str, files: Mapping[str, Path | bytes]) -> None:
    """`docker build`, without a network, of files and folders by the names that the Dockerfile knows them by."""
    context = io.BytesIO()
    with tarfile.open(fileobj=context, mode="w") as archive:
        for name, content in {"Dockerfile": dockerfile.encode(), **files}.items():
            if isinstance(content, Path):
                archive.add(content, name, filter=_as_root)
            else:
                entry = tarfile.TarInfo(name)
                entry.size, entry.mode = len(content), 0o755
                archive.addfile(entry, io.BytesIO(content))
    engine.call(
        "build", "--quiet", "--network", "none", "--tag", tag, "-", given=context.getvalue(), seconds=_BUILD_SECONDS
    )


def _as_root(entry: tarfile.TarInfo) -> tarfile.TarInfo:
    entry.uid = entry.gid = 0
    entry.uname = entry.gname = "root"
    return entry


def _add_dependencies(engine: Engine, base: str, tag: str, needed: Sequence[str]) -> None:
    version, site = python_of(engine, base)
    with tempfile.TemporaryDirectory(prefix="orch-docker-dependencies-") as folder:
        place = Path(folder)
        (place / "home").mkdir()
        download(place, needed, version, "install", "--target", "site", "--no-compile")
        build(engine, tag, _DEPENDENCIES.format(base=base, site=site), {"site": place / "site", "home": place / "home"})


def _add_project(engine: Engine, dependencies: str, tag: str) -> None:
    _, site = python_of(engine, dependencies)
    with tempfile.TemporaryDirectory(prefix="orch-docker-project-") as folder:
        place = Path(folder)
        with zipfile.ZipFile(build_wheel(place, screen=False)) as wheel:
            wheel.extractall(place / "site")
        packages = " ".join(sorted(path.name for path in (place / "site").iterdir() if path.suffix != ".dist-info"))
        text = _PROJECT.format(dependencies=dependencies, site=site, packages=packages)
        build(engine, tag, text, {"site": place / "site", **_commands(place / "site")})
    for kind in ("project", "dependencies", "base"):
        _remove_old(engine, kind)


def _remove_old(engine: Engine, kind: str) -> None:
    """Images of trees as they were; nobody minds where they are in use or gone."""
    listed = engine.call("image", "ls", "--format", "{{.Repository}}:{{.Tag}}", REPOSITORY).split()
    old = [name for name in listed if name.startswith(f"{REPOSITORY}:{kind}-")][_KEPT:]  # the newest come first
    if old:
        engine.try_call("image", "rm", *old)


def _commands(site: Path) -> dict[str, bytes]:
    """The wheel's console scripts, as pip would write them."""
    (points,) = site.glob("*.dist-info/entry_points.txt")
    parser = ConfigParser()
    parser.read(points)
    text = "#!/usr/bin/env python3\nimport sys\nfrom {0} import {1}\nsys.exit({1}())\n"
    return {
        f"bin/{name}": text.format(*target.split(":")).encode() for name, target in parser["console_scripts"].items()
    }


def _requirements() -> list[str]:
    """What the project depends on, as pyproject.toml has it."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    return [str(each) for each in project["dependencies"]]


def _sources() -> Iterator[str]:
    """What the wheel is made of, apart from the screen: names and contents."""
    settings = (ROOT / "pyproject.toml").read_text()
    yield settings
    for package in tomllib.loads(settings)["tool"]["hatch"]["build"]["targets"]["wheel"]["packages"]:
        for path in sorted((ROOT / package).rglob("*")):
            if path.is_file() and path.suffix != ".pyc" and _SCREEN not in path.parents:
                yield f"{path.relative_to(ROOT)} {hashlib.sha256(path.read_bytes()).hexdigest()}"


def _hash(*texts: str) -> str:
    return hashlib.sha256("\0".join(texts).encode()).hexdigest()[:12]


@contextmanager
def _alone() -> Iterator[None]:
    """Nobody else of this user makes images meanwhile."""
    with (Path(tempfile.gettempdir()) / f"orch-docker-image-{os.getuid()}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
