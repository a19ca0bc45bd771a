"""Parameters on a command line: `--param day=2026-11-22 --param limit=10`, or a file of them."""

import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import ParamSpec, TypeVar

import click

from orch_cli.failures import Wrong

P = ParamSpec("P")
R = TypeVar("R")

_MOST_VALUES = 1_000_000
"""In a YAML file of parameters."""


def parameters_options(function: Callable[P, R]) -> Callable[P, R]:
    """Adds --param (as `params: tuple[str, ...]`) and --params-file (as `params_file: str | None`)."""
    from_file = click.option(
        "--params-file", metavar="FILE", help="A JSON or YAML file of parameters; - reads standard input."
    )
    single = click.option(
        "-p",
        "--param",
        "params",
        multiple=True,
        metavar="NAME=VALUE",
        help="A parameter: its value is JSON, or else a text. Repeatable; goes before the file's.",
    )
    return single(from_file(function))


def read_parameters(
    params: tuple[str, ...], params_file: str | None = None, *, schema_json: str = ""
) -> dict[str, object]:
    """The parameters that the command line names. Raises Wrong for what cannot be read.

    A value is JSON where it reads as JSON, else a text; where the schema says that a parameter is a text, it is the
    text as it stands (`zip=01234`, `code=123`).
    """
    found: dict[str, object] = _from_file(params_file) if params_file else {}
    if params:
        from orch.deployments.parameter_texts import parse_parameters

        found |= parse_parameters(params, schema_json)
    return found


def _from_file(path: str) -> dict[str, object]:
    try:
        text = sys.stdin.read() if path == "-" else Path(path).read_text(encoding="utf-8")
    except OSError as error:
        raise Wrong(f"Cannot read the parameters in {path}: {error.strerror or error}.") from error
    except UnicodeDecodeError as error:
        raise Wrong(f"Cannot read the parameters in {path}: it is not UTF-8 text.") from error
    content = _parsed(text, path)
    if not isinstance(content, dict):
        raise Wrong(f'The parameters in {path} are no object: write one, as {{"day": "2026-11-22"}}.')
    return {str(name): value for name, value in content.items()}


def _parsed(text: str, path: str) -> object:
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:
        if path.endswith(".json"):
            raise Wrong(f"Cannot read the parameters in {path}: {error}.") from error
    import yaml

    from orch_cli.deploy.located import WRONG_VALUES

    try:
        # Through JSON and back: YAML's own dates become texts.
        return json.loads(json.dumps(_not_swollen(yaml.safe_load(text), path), default=str))
    except (yaml.YAMLError, *WRONG_VALUES) as error:
        raise Wrong(f"Cannot read the parameters in {path}: {error}") from error


def _not_swollen(value: object, path: str) -> object:
    """The value. Raises Wrong where aliases of aliases say more than there is room for."""
    left, seen = [value], 0
    while left:
        each = left.pop()
        seen += 1
        if seen > _MOST_VALUES:
            raise Wrong(f"Cannot read the parameters in {path}: they are more than {_MOST_VALUES} values.")
        if isinstance(each, dict):
            left.extend(each.values())
        elif isinstance(each, list):
            left.extend(each)
    return value
