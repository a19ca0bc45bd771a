"""What somebody may set of a work pool, as options."""

import json
import sys
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING

import click

from orch_cli.failures import Wrong
from orch_cli.filters import DURATION, pairs
from orch_cli.limits import LIMIT, NO_LIMIT

if TYPE_CHECKING:
    from orch_proto.v1.work_pool_pb2 import WorkPool

VARIABLES = "variables"
"""The job template's key for the defaults of job variables."""

_EXAMPLE = '{"variables": {"isolation": "fresh"}}'


@dataclass(frozen=True, slots=True)
class PoolSettings:
    """What the options say; None where they say nothing."""

    description: str | None
    concurrency_limit: int | None
    lease_ttl: timedelta | None
    job_template: str | None
    """A file's name."""
    variables: tuple[str, ...]
    """NAME=VALUE each."""

    def put_into(self, pool: "WorkPool") -> list[str]:
        """Write them into a pool; answers with the fields that were written. Raises Wrong where a template is none."""
        fields = []
        if self.description is not None:
            pool.description = self.description
            fields.append("description")
        if self.concurrency_limit is not None:
            pool.ClearField("concurrency_limit")
            if self.concurrency_limit != NO_LIMIT:
                pool.concurrency_limit = self.concurrency_limit
            fields.append("concurrency_limit")
        if self.lease_ttl is not None:
            pool.lease_ttl.FromTimedelta(self.lease_ttl)
            fields.append("lease_ttl")
        if self.job_template is not None or self.variables:
            pool.job_template_json = self._template(pool.job_template_json)
            fields.append("job_template_json")
        return fields

    def _template(self, before: str) -> str:
        template: dict[str, object] = json.loads(before or "{}")
        if self.job_template is not None:
            template = _object_in(self.job_template)
        changes = {name: _value(text) for name, text in pairs(self.variables, "--variable").items()}
        if changes:
            given = template.get(VARIABLES)
            merged = {**(given if isinstance(given, dict) else {}), **changes}
            template = {**template, VARIABLES: {name: value for name, value in merged.items() if value is not None}}
        return json.dumps(template, ensure_ascii=False)


def pool_settings(function: Callable[..., None]) -> Callable[..., None]:
    """Adds the options to a command, which gets them as `settings: PoolSettings`."""

    @click.option("--description", help="What it is for, for people.")
    @click.option("--concurrency-limit", type=LIMIT, metavar="N|none", help="At most this many of its runs at once.")
    @click.option(
        "--lease-ttl",
        type=DURATION,
        metavar="TIME",
        help="How long a run may be silent before it counts as lost: 1s to 1h. Without: 15s.",
    )
    @click.option(
        "--job-template", metavar="FILE", help="A JSON file of what the launcher is told; - reads standard input."
    )
    @click.option(
        "--variable",
        "variables",
        multiple=True,
        metavar="NAME=VALUE",
        help="The default of a job variable (isolation, env, limits …): JSON, or else a text; null takes it away."
        " Repeatable. Deployments and runs may say otherwise.",
    )
    @wraps(function)
    def command(
        *,
        description: str | None,
        concurrency_limit: int | None,
        lease_ttl: timedelta | None,
        job_template: str | None,
        variables: tuple[str, ...],
        **others: object,
    ) -> None:
        settings = PoolSettings(description, concurrency_limit, lease_ttl, job_template, variables)
        function(settings=settings, **others)

    return command


def _object_in(path: str) -> dict[str, object]:
    try:
        text = sys.stdin.read() if path == "-" else Path(path).read_text(encoding="utf-8")
        found: object = json.loads(text)
    except OSError as error:
        raise Wrong(f"Cannot read the job template in {path}: {error.strerror or error}.") from error
    except ValueError as error:
        raise Wrong(f"The job template in {path} is not JSON: {error}.") from error
    if not isinstance(found, dict):
        raise Wrong(
            f'The job template in {path} is no object: write one, as {{"variables": {{"isolation": "fresh"}}}}.'
        )
    return found


def _value(text: str) -> object:
    try:
        value: object = json.loads(text)
    except ValueError:
        return text
    return value
