"""Generates every generated file of this repository, or checks that they are what their sources say.

    python tools/generate.py            write them
    python tools/generate.py --check    change nothing, fail if one is missing, different or left over

Three things are generated: the Python code of the contract (``proto/gen/python``, from ``proto/orch_proto``), its
OpenAPI document (``server/orch_server/web/openapi.json``, from the same), and the page about states
(``docs/state_machine.md``, from the server's transition table).

protoc runs in an environment of its own, because its version decides which protobuf and grpcio every user
must have, and must therefore not drift with the development environment. The check compares files and does
not ask git, so that it says the same before and after a commit, and in a clone of any depth.
"""

import argparse
import os
import subprocess
import sys
import tempfile
import venv
from pathlib import Path

from openapi import openapi

ROOT = Path(__file__).resolve().parent.parent
PROTO = ROOT / "proto"
GENERATED_CODE = PROTO / "gen" / "python" / "orch_proto"
OPENAPI_DOCUMENT = ROOT / "server" / "orch_server" / "web" / "openapi.json"
STATE_MACHINE_PAGE = ROOT / "docs" / "state_machine.md"
PROTOC_REQUIREMENTS = ROOT / "tools" / "protoc-requirements.txt"
PROTOC_ENVIRONMENT = ROOT / ".venv-protoc"

PACKAGE_DOCSTRINGS = {
    "__init__.py": '"""The Protobuf contract of Orch, as Python code. Generated: see `make generate`."""\n',
    "v1/__init__.py": '"""Version 1 of the contract: package `orch.v1` on the wire."""\n',
    "py.typed": "",
}

Files = dict[Path, bytes]
"""Content by path."""


def protoc_environment() -> Path:
    """The folder with the programs of the pinned protoc; made anew when the pins have changed."""
    programs = PROTOC_ENVIRONMENT / "bin"
    installed = PROTOC_ENVIRONMENT / "installed.txt"
    wanted = PROTOC_REQUIREMENTS.read_text()
    if not installed.exists() or installed.read_text() != wanted:
        venv.create(PROTOC_ENVIRONMENT, clear=True, with_pip=True)
        pip = [str(programs / "python"), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
        subprocess.run([*pip, "--requirement", str(PROTOC_REQUIREMENTS)], check=True)
        installed.write_text(wanted)
    return programs


def run_protoc(into: Path) -> None:
    """Compiles the contract: messages from every file, services from the files named after one."""
    programs = protoc_environment()
    sources = sorted(path.relative_to(PROTO).as_posix() for path in PROTO.glob("orch_proto/**/*.proto"))
    if not sources:
        sys.exit(f"no .proto file under {PROTO / 'orch_proto'}: nothing to generate from")
    services = [source for source in sources if source.endswith("_service.proto")]
    protoc(programs, f"--python_out={into}", f"--mypy_out=quiet:{into}", *sources)
    if services:
        protoc(programs, f"--grpc_python_out={into}", f"--mypy_grpc_out=quiet:{into}", *services)


def protoc(programs: Path, *arguments: str) -> None:
    """Runs protoc, which looks for its plugins on the PATH."""
    subprocess.run(
        [programs / "python", "-m", "grpc_tools.protoc", f"-I{PROTO}", *arguments],
        env={**os.environ, "PATH": f"{programs}{os.pathsep}{os.environ['PATH']}"},
        check=True,
    )


def contract_code() -> Files:
    """The Python code of the contract, package markers included."""
    with tempfile.TemporaryDirectory(prefix="orch-generate-") as folder:
        run_protoc(Path(folder))
        made = Path(folder) / "orch_proto"
        files = {GENERATED_CODE / path.relative_to(made): path.read_bytes() for path in files_below(made)}
    markers = {GENERATED_CODE / name: text.encode() for name, text in PACKAGE_DOCSTRINGS.items()}
    return files | markers


def openapi_document() -> Files:
    """The contract for clients that know HTTP and JSON only."""
    with tempfile.TemporaryDirectory(prefix="orch-generate-") as folder:
        descriptors = Path(folder) / "contract.binpb"
        sources = sorted(path.relative_to(PROTO).as_posix() for path in PROTO.glob("orch_proto/**/*.proto"))
        options = (f"--descriptor_set_out={descriptors}", "--include_imports", "--include_source_info")
        protoc(protoc_environment(), *options, *sources)
        return {OPENAPI_DOCUMENT: openapi(descriptors.read_bytes())}


def state_machine_page() -> Files:
    """The page about states, printed by the server's own transition table."""
    command = [sys.executable, "-m", "orch_server.domain.state_machine_page"]
    printed = subprocess.run(command, cwd=ROOT, check=True, stdout=subprocess.PIPE).stdout
    return {STATE_MACHINE_PAGE: printed}


def files_below(folder: Path) -> list[Path]:
    """Every file below the folder, except what Python leaves behind when it imports."""
    return sorted(path for path in folder.rglob("*") if path.is_file() and "__pycache__" not in path.parts)


def present(wanted: Files) -> Files:
    """What is there now, of what is wanted and of what may be left over from an earlier generation."""
    paths = set(files_below(GENERATED_CODE)) | {path for path in wanted if path.exists()}
    return {path: path.read_bytes() for path in paths}


def differences(wanted: Files, found: Files) -> dict[Path, str]:
    """What is wrong with each file that is not as it should be."""
    wrong = dict.fromkeys(wanted.keys() - found.keys(), "missing")
    wrong |= dict.fromkeys(found.keys() - wanted.keys(), "left over")
    wrong |= {path: "out of date" for path in wanted.keys() & found.keys() if wanted[path] != found[path]}
    return wrong


def write(wanted: Files, wrong: dict[Path, str]) -> None:
    """Brings the files that are wrong, and only those, to what is wanted."""
    for path in wrong:
        if path in wanted:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(wanted[path])
        else:
            path.unlink()


def main() -> None:
    """Reads the command line, generates, then writes or compares."""
    parser = argparse.ArgumentParser(description="Generate the generated files, or check them.")
    parser.add_argument("--check", action="store_true", help="change nothing; fail if a file is not up to date")
    check: bool = parser.parse_args().check
    wanted = contract_code() | openapi_document() | state_machine_page()
    wrong = differences(wanted, present(wanted))
    for path, problem in sorted(wrong.items()):
        print(f"{path.relative_to(ROOT)}: {problem}")
    if not check:
        write(wanted, wrong)
    elif wrong:
        sys.exit("generated files are not what their sources say: run `make generate` and commit what it changes")
    print(f"{len(wanted)} generated files, {len(wrong)} {'wrong' if check else 'written'}")


if __name__ == "__main__":
    main()
