"""This installation: which Orch, which Python, which programs beside them."""

import os
import platform
import shutil
import subprocess
import sys
from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError, entry_points, requires, version
from pathlib import Path

from orch_cli.doctor.findings import Finding, ok, remark, warning, wrong

_LEAST_PYTHON = (3, 11)
_LEAST_FILES = 1024
_DOCKER_SECONDS = 5.0


def check_installation() -> Iterator[Finding]:
    """Orch, Python, the packages that they need, and which `orch` a shell would start."""
    yield _orch()
    yield _python()
    yield _packages()
    yield from _command()
    yield from _other_pythons()
    yield from _open_files()


def _orch() -> Finding:
    try:
        found = version("orch")
    except PackageNotFoundError:
        return warning(
            "orch",
            "It runs from a folder, and is not installed: launchers and versions cannot be found.",
            "Install it: pip install --editable FOLDER.",
        )
    return ok("orch", f"{found} in {Path(sys.prefix)}")


def _python() -> Finding:
    text = f"{platform.python_version()} ({sys.executable}) on {platform.system()} {platform.machine()}"
    if sys.version_info < _LEAST_PYTHON:
        least = ".".join(map(str, _LEAST_PYTHON))
        return wrong("python", f"{text} is too old.", f"Orch needs Python {least} or newer.")
    return ok("python", text)


def _packages() -> Finding:
    """What Orch asks for, and what there is."""
    from packaging.requirements import Requirement

    problems = []
    try:
        asked = [Requirement(text) for text in requires("orch") or ()]
    except PackageNotFoundError:
        return remark("packages", "Orch is not installed: what it needs is not known.")
    for each in asked:
        if each.marker is not None and not each.marker.evaluate({"extra": ""}):
            continue
        try:
            found = version(each.name)
        except PackageNotFoundError:
            problems.append(f"{each.name} is missing")
            continue
        if not each.specifier.contains(found, prereleases=True):
            problems.append(f"{each.name} is {found}, and Orch needs {each.specifier}")
    if problems:
        return wrong("packages", f"{'; '.join(problems)}.", f"{sys.executable} -m pip install --upgrade orch")
    return ok("packages", f"{len(asked)} required packages fit.")


def _command() -> Iterator[Finding]:
    """A shell may start another installation than this one."""
    first = shutil.which("orch")
    here = Path(sys.executable).parent
    if first is None:
        yield remark("command", f"`orch` is not on the PATH; this one is {here / 'orch'}.", f"Add {here} to the PATH.")
    elif Path(first).resolve().parent != here.resolve():
        yield warning(
            "command",
            f"`orch` on the PATH is {first}, and this is the one in {here}: they may be of different versions.",
            "Activate the environment that you mean, or take the other away.",
        )


def _other_pythons() -> Iterator[Finding]:
    """Interpreters that the job variable `python` may name."""
    found: dict[Path, str] = {}
    for folder in os.environ.get("PATH", "").split(os.pathsep):
        for minor in range(_LEAST_PYTHON[1], _LEAST_PYTHON[1] + 10):
            path = Path(folder, f"python3.{minor}")
            if folder and path.is_file() and os.access(path, os.X_OK):
                found.setdefault(path.resolve(), str(path))
    others = [text for path, text in found.items() if path != Path(sys.executable).resolve()]
    if others:
        yield remark("pythons", f"For deployments that ask for another one: {', '.join(others)}.")


def _open_files() -> Iterator[Finding]:
    if sys.platform == "win32":
        return
    import resource

    limit, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    if 0 < limit < _LEAST_FILES:
        yield warning(
            "open files",
            f"A process may have {limit} files open; a worker with many runs needs more.",
            f"ulimit -n {_LEAST_FILES if most < 0 or most >= _LEAST_FILES else most}, or LimitNOFILE= for systemd.",
        )


def check_programs(pool_types: frozenset[str]) -> Iterator[Finding]:
    """Launchers of the pools' types, and the programs that launchers and pull steps call."""
    launchers = {each.name for each in entry_points(group="orch.launchers")}
    if launchers:
        yield ok("launchers", f"Workers here can serve pools of type {', '.join(sorted(launchers))}.")
    for kind in sorted(pool_types - launchers):
        yield remark(
            "launchers",
            f"There is a pool of type {kind}, and a worker on this machine could not serve it.",
            f"pip install 'orch[{kind}]', or the package that offers it, where its workers run.",
        )
    if shutil.which("git") is None:
        yield remark("git", "There is none: a worker here cannot run code that comes from git.", "Install git.")
    yield from _docker(needed="docker" in pool_types)


def _docker(*, needed: bool) -> Iterator[Finding]:
    program = shutil.which("docker")
    if program is None:
        if needed:
            yield remark("docker", "A pool is of type docker, and there is no docker on this machine.", "Install it.")
        return
    try:
        told = subprocess.run(
            [program, "version", "--format", "{{.Server.Version}}"],
            capture_output=True,
            text=True,
            check=False,
            timeout=_DOCKER_SECONDS,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        yield remark("docker", f"It does not answer: {error}.", "See that its daemon runs: systemctl status docker.")
        return
    if told.returncode == 0:
        yield ok("docker", f"Server {told.stdout.strip()}.")
    else:
        reason = (told.stderr.strip().splitlines() or ["no reason given"])[-1]
        yield remark("docker", f"It does not work: {reason}", "See that its daemon runs, and that you may use it.")
