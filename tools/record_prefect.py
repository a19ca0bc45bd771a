"""Records what Prefect answers to the programs of ``tests/e2e/prefect_flows``.

    python tools/record_prefect.py --python /path/to/venv/bin/python             all of them
    python tools/record_prefect.py --python /path/to/venv/bin/python NAME NAME   some

The Python named must have Prefect 3 installed; Orch need not be there. The programs are copied into a
temporary folder with every word ``orch`` turned into ``prefect``, and each runs in a process of its own with a
fresh ``PREFECT_HOME``. One Prefect server, also in a temporary folder, serves them all: a program would
otherwise start one for itself, which takes seconds. What they answer goes into ``expected.json`` beside the
programs, together with Prefect's version; ``tests/e2e/test_prefect_flows.py`` holds Orch to it.

Fails if a program does, and then changes nothing.
"""

import argparse
import json
import os
import re
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PROGRAMS = ROOT / "tests" / "e2e" / "prefect_flows"
EXPECTED = PROGRAMS / "expected.json"
NOT_PROGRAMS = {"__init__", "run_flow"}
SERVER_STARTS_WITHIN_SECONDS = 120
PROGRAM_ENDS_WITHIN_SECONDS = 300

Environment = dict[str, str]


def names() -> list[str]:
    """The programs that there are."""
    return sorted(path.stem for path in PROGRAMS.glob("*.py") if path.stem not in NOT_PROGRAMS)


def translate(into: Path) -> None:
    """Copies the programs, importing Prefect instead of Orch."""
    for source in PROGRAMS.glob("*.py"):
        (into / source.name).write_text(re.sub(r"\borch\b", "prefect", source.read_text()))


def environment(home: Path, **more: str) -> Environment:
    """The environment of a program: nothing of this shell's Prefect settings, nothing sent anywhere."""
    inherited = {key: value for key, value in os.environ.items() if not key.startswith(("PREFECT_", "ORCH_"))}
    quiet = {"PREFECT_LOGGING_LEVEL": "INFO", "PREFECT_LOGGING_TO_API_ENABLED": "false", "DO_NOT_TRACK": "1"}
    return {**inherited, "PREFECT_HOME": str(home), "PREFECT_SERVER_ANALYTICS_ENABLED": "false", **quiet, **more}


def free_port() -> int:
    """A port of this machine that nobody listens on just now."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port: int = listener.getsockname()[1]
        return port


def wait_until_healthy(url: str, server: subprocess.Popen[bytes]) -> None:
    """Returns once the server answers; ends the program if the server ends or takes too long."""
    deadline = time.monotonic() + SERVER_STARTS_WITHIN_SECONDS
    while time.monotonic() < deadline and server.poll() is None:
        try:
            urllib.request.urlopen(f"{url}/health", timeout=5).close()
        except (urllib.error.URLError, OSError):
            time.sleep(0.2)
        else:
            return
    sys.exit(
        f"the Prefect server did not start within {SERVER_STARTS_WITHIN_SECONDS} s: "
        "see whether `prefect server start` works in that environment"
    )


@contextmanager
def prefect_server(python: str, home: Path) -> Iterator[str]:
    """A Prefect server of our own; gives its URL."""
    port = free_port()
    command = [python, "-m", "prefect", "server", "start", "--host", "127.0.0.1", "--port", str(port), "--no-ui"]
    log = (home / "server.log").open("wb")
    with log, subprocess.Popen(command, env=environment(home), stdout=log, stderr=log) as server:
        try:
            url = f"http://127.0.0.1:{port}/api"
            wait_until_healthy(url, server)
            yield url
        finally:
            server.terminate()


def outcome_of(name: str, *, python: str, folder: Path, url: str) -> object:
    """Runs one program on Prefect and gives what it came to."""
    with tempfile.TemporaryDirectory() as home:
        answer = Path(home) / "outcome.json"
        done = subprocess.run(
            [python, str(folder / "run_flow.py"), name, str(answer)],
            env=environment(Path(home), PREFECT_API_URL=url),
            capture_output=True,
            text=True,
            check=False,
            timeout=PROGRAM_ENDS_WITHIN_SECONDS,
        )
        if done.returncode or not answer.exists():
            sys.exit(f"{name} failed on Prefect (exit {done.returncode}):\n{done.stdout[-2000:]}{done.stderr[-4000:]}")
        return json.loads(answer.read_text())


def version_of(python: str) -> str:
    """Prefect's version there."""
    command = [python, "-c", "import importlib.metadata; print(importlib.metadata.version('prefect'))"]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()


def record(wanted: list[str], python: str) -> dict[str, object]:
    """What Prefect answers to the programs wanted, by their names."""
    with tempfile.TemporaryDirectory() as folder:
        programs, home = Path(folder, "programs"), Path(folder, "server")
        programs.mkdir()
        home.mkdir()
        translate(programs)
        with prefect_server(python, home) as url:
            return {name: outcome_of(name, python=python, folder=programs, url=url) for name in wanted}


def main() -> None:
    """Reads the command line, records, and writes the file."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--python", required=True, help="the Python of an environment with Prefect 3")
    parser.add_argument("names", nargs="*", help="programs to record (all, if none is named)")
    arguments = parser.parse_args()
    outcomes = json.loads(EXPECTED.read_text())["outcomes"] if arguments.names else {}
    outcomes |= record(arguments.names or names(), arguments.python)
    recorded = {"prefect": version_of(arguments.python), "outcomes": dict(sorted(outcomes.items()))}
    EXPECTED.write_text(json.dumps(recorded, indent=1, ensure_ascii=False) + "\n")
    print(f"{len(arguments.names or outcomes)} recorded in {EXPECTED.relative_to(ROOT)}")


if __name__ == "__main__":
    main()
