"""`make schemathesis`: Schemathesis against a server of its own, by the OpenAPI document that this hands out.

Schemathesis has an environment of its own, being large. Left out are streams, which a request and an answer do not
describe, and AcquireLeases, which would wait for work as long as it is told to. tests/e2e/http/test_openapi.py is the
small form of this in the suite.
"""

import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Final

from tests.support.started_server import started_server

_CHECKS: Final = (
    "not_a_server_error",
    "status_code_conformance",
    "content_type_conformance",
    "response_schema_conformance",
)
_LEFT_OUT: Final = "/(Watch|AcquireLeases)"


def main(program: str, options: list[str]) -> int:
    """Run it; 0 where neither Schemathesis nor the server's log says that anything failed."""
    with tempfile.TemporaryDirectory(prefix="orch-schemathesis-") as folder, started_server(Path(folder)) as server:
        command = [
            program,
            "run",
            f"{server.http_url}/openapi.json",
            "--checks",
            ",".join(_CHECKS),
            "--warnings",
            "off",
        ]
        # What it keeps beside its report (its database of examples) goes where it is cleaned away.
        done = subprocess.run(
            [*command, "--exclude-path-regex", _LEFT_OUT, "--continue-on-failure", *options], cwd=folder, check=False
        )
        for event in server.errors():
            sys.stderr.write(f"the server's log: {event}\n")
        return done.returncode or bool(server.errors())


if __name__ == "__main__":
    raise SystemExit(main(str(Path(sys.argv[1]).absolute()), sys.argv[2:]))
