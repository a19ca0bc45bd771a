"""Generates the contract's TypeScript code for the screen (``clients/web/src/gen``), or checks it.

    python tools/generate_web.py            write it
    python tools/generate_web.py --check    change nothing, fail if a file is missing, different or left over

protoc is the one of tools/generate.py; its plugin for TypeScript is a package of clients/web, which is brought in.
"""

import argparse
import sys
import tempfile
from pathlib import Path

import google.rpc

sys.path.insert(0, str(Path(__file__).resolve().parent))
import build_web
from generate import PROTO, ROOT, Files, differences, files_below, protoc, protoc_environment, write

WEB = ROOT / "clients" / "web"
GENERATED = WEB / "src" / "gen"
PLUGIN = WEB / "node_modules" / ".bin" / "protoc-gen-es"
GOOGLE = Path(next(iter(google.rpc.__path__))).parents[1]
"""Where google/rpc/error_details.proto lies: details of errors are part of the contract."""


def typescript_code() -> Files:
    """What the folder should hold."""
    build_web.install(everything=True)
    sources = sorted(path.relative_to(PROTO).as_posix() for path in PROTO.glob("orch_proto/**/*.proto"))
    with tempfile.TemporaryDirectory(prefix="orch-generate-") as folder:
        protoc(
            protoc_environment(),
            f"-I{GOOGLE}",
            f"--plugin=protoc-gen-es={PLUGIN}",
            f"--es_out={folder}",
            "--es_opt=target=ts,import_extension=none",
            *sources,
            "google/rpc/error_details.proto",
        )
        return {GENERATED / path.relative_to(folder): path.read_bytes() for path in files_below(Path(folder))}


def main() -> None:
    """Reads the command line, generates, then writes or compares."""
    parser = argparse.ArgumentParser(description="Generate the screen's code of the contract, or check it.")
    parser.add_argument("--check", action="store_true", help="change nothing; fail if a file is not up to date")
    check: bool = parser.parse_args().check
    try:
        wanted = typescript_code()
    except build_web.WebBuildError as error:
        sys.exit(str(error))
    found = {path: path.read_bytes() for path in files_below(GENERATED)} if GENERATED.exists() else {}
    wrong = differences(wanted, found)
    for path, problem in sorted(wrong.items()):
        print(f"{path.relative_to(ROOT)}: {problem}")
    if not check:
        write(wanted, wrong)
    elif wrong:
        sys.exit("generated files are not what their sources say: run `python tools/generate_web.py`")
    print(f"{len(wanted)} generated files, {len(wrong)} {'wrong' if check else 'written'}")


if __name__ == "__main__":
    main()
