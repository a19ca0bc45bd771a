"""`-o`: as a table, as JSON, as YAML, or ids only."""

import json
from collections.abc import Callable
from enum import StrEnum
from typing import TYPE_CHECKING, ParamSpec, TypeVar

import click

from orch_cli.output.terminals import escaped, is_unseen

if TYPE_CHECKING:
    from yaml import SafeDumper, ScalarNode

P = ParamSpec("P")
R = TypeVar("R")


class Format(StrEnum):
    """How an answer is written."""

    TABLE = "table"
    """For people: a table at a terminal, aligned plain lines in a pipe."""
    JSON = "json"
    """One JSON document; where lines come one by one, one object a line."""
    YAML = "yaml"
    """The same as YAML."""
    ID = "id"
    """The first column alone, one a line: ids, or names where things are known by their names."""


def output_option(function: Callable[P, R]) -> Callable[P, R]:
    """Adds `-o`/`--output` to a command, which gets it as `output: Format`."""
    return click.option(
        "-o",
        "--output",
        type=click.Choice(list(Format), case_sensitive=False),
        default=Format.TABLE,
        help="table (the default), json, yaml, or id: only ids, one a line.",
    )(function)


def document(value: object, output: Format) -> str:
    """JSON's own types as a JSON or a YAML document, without a line break at its end."""
    if output is not Format.YAML:
        return escaped(json.dumps(value, indent=2, ensure_ascii=False))
    import yaml

    # libyaml's, where PyYAML has it, is five times as fast.
    class Dumper(getattr(yaml, "CSafeDumper", yaml.SafeDumper)):  # type: ignore[misc]
        """Writes texts of several lines as blocks."""

    Dumper.add_representer(str, _yaml_text)
    text: str = yaml.dump(
        value, Dumper=Dumper, sort_keys=False, allow_unicode=True, default_flow_style=False, width=10_000
    )
    return escaped(text.rstrip("\n").removesuffix("\n..."))


def _yaml_text(dumper: "SafeDumper", text: str) -> "ScalarNode":
    style = '"' if is_unseen(text) else "|" if "\n" in text else None
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style=style)


def json_line(value: object) -> str:
    """JSON's own types as JSON on one line."""
    return escaped(json.dumps(value, ensure_ascii=False, separators=(",", ":")))
