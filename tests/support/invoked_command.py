"""`orch …` inside the test's own process: as a user types it, without the time that a process takes to start."""

import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from click.shell_completion import BashComplete
from click.testing import CliRunner

from orch_cli.main import orch


@dataclass(frozen=True)
class Said:
    """What a command said, and how it ended."""

    code: int
    out: str
    errors: str

    @property
    def lines(self) -> list[str]:
        """Standard output, line by line."""
        return self.out.splitlines()

    @property
    def document(self) -> Any:  # noqa: ANN401 (whatever JSON holds)
        """Standard output, as the JSON that it is."""
        return json.loads(self.out)


class InvokedOrch:
    """Invokes `orch` with one environment. Standard input and output are no terminals."""

    def __init__(self, home: Path, url: str = "", **environment: str) -> None:
        """`url` is the control plane's; empty: none is named."""
        hidden = {name: None for name in os.environ if name.startswith("ORCH_")}
        named = {"ORCH_API_URL": url} if url else {}
        # ORCH_PROFILE is named, so that the runner puts back what `--profile` sets.
        self.environment: dict[str, str | None] = {
            **hidden,
            "ORCH_PROFILE": None,
            "ORCH_HOME": str(home),
            **named,
            **environment,
        }

    def __call__(self, *arguments: str, given: str = "", **environment: str) -> Said:
        """Run a command to its end. `given` is its standard input."""
        result = CliRunner().invoke(orch, arguments, env={**self.environment, **environment}, input=given)
        if result.exception is not None and not isinstance(result.exception, SystemExit):
            raise result.exception
        return Said(result.exit_code, result.stdout, result.stderr)


def offered(line: str, home: Path, **environment: str) -> list[str]:
    """What a shell is offered for the last word of a line, asked for as the script for bash does."""
    words = line.split(" ")
    named = {"COMP_WORDS": line, "COMP_CWORD": str(len(words) - 1), "ORCH_HOME": str(home), "ORCH_API_URL": None}
    with CliRunner(env=named | environment).isolation():
        text = BashComplete(orch, {}, "orch", "_ORCH_COMPLETE").complete()
    return [each.partition(",")[2] for each in text.splitlines()]
