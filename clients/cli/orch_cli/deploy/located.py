"""YAML whose values know the line they stand on, so that what is wrong with them can be found."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

import yaml

from orch_cli.failures import Wrong

Path_: TypeAlias = tuple[str | int, ...]
"""Where a value is in its document: keys, and places in lists."""


WRONG_VALUES = (ValueError, LookupError, AttributeError, TypeError, RecursionError)
"""What PyYAML lets out of values that are not what their tags say: `!!int ""`, `!!bool maybe`, `!!timestamp soon`."""
_MOST_VALUES = 100_000
"""Far more than anybody writes. Aliases of aliases say billions in a few lines."""


@dataclass(frozen=True, slots=True)
class Located:
    """A document."""

    file: str
    value: Any
    """Of dicts, lists, texts, numbers."""
    lines: dict[Path_, int]
    """The line of each value, from 1; of a dict's members, their keys'."""

    def line(self, path: Path_) -> int:
        """The line of a value, or of the nearest around it that is there."""
        while path not in self.lines:
            path = path[:-1]
        return self.lines[path]


class _Loader(yaml.SafeLoader):
    """Dates stay the texts that they are: parameters go to runs as JSON, which has no dates."""


_Loader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in resolvers if tag != "tag:yaml.org,2002:timestamp"]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}


def read_yaml(path: Path) -> Located:
    """A YAML file. Raises Wrong where it cannot be read, names a key twice, or is no YAML."""
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise Wrong(f"There is no {path}.") from None
    except OSError as error:
        raise Wrong(f"Cannot read {path}: {error.strerror or error}.") from error
    except UnicodeDecodeError as error:
        raise Wrong(f"Cannot read {path}: it is not UTF-8 text.") from error
    try:
        return _located(text, str(path))
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        where = f"{path}:{mark.line + 1}" if mark is not None else str(path)
        raise Wrong(f"{where}: this is no YAML: {error.problem or error.context}.") from error
    except (yaml.YAMLError, *WRONG_VALUES) as error:
        raise Wrong(f"{path}: this is no YAML: {error}.") from error


def _located(text: str, file: str) -> Located:
    loader = _Loader(text)
    try:
        node = loader.get_single_node()
        lines: dict[Path_, int] = {(): 1}
        value = None if node is None else _value(loader, node, (), lines, file)
    finally:
        loader.dispose()
    return Located(file, value, lines)


def _value(loader: yaml.SafeLoader, node: yaml.Node, path: Path_, lines: dict[Path_, int], file: str) -> Any:  # noqa: ANN401
    lines.setdefault(path, node.start_mark.line + 1)
    if len(lines) > _MOST_VALUES:
        raise Wrong(f"{file}:{node.start_mark.line + 1}: the file says more than {_MOST_VALUES} values.")
    if isinstance(node, yaml.SequenceNode):
        return [_value(loader, each, (*path, place), lines, file) for place, each in enumerate(node.value)]
    if not isinstance(node, yaml.MappingNode):
        return loader.construct_object(node, deep=True)
    # "<<: *defaults" becomes members of its own; what the mapping says itself comes after, and counts.
    own = len([key for key, _ in node.value if key.tag != "tag:yaml.org,2002:merge"])
    loader.flatten_mapping(node)
    found: dict[Any, Any] = {}
    said: set[Any] = set()
    for place, (key_node, value_node) in enumerate(node.value):
        key = loader.construct_object(key_node, deep=True)
        line = key_node.start_mark.line + 1
        if not isinstance(key, str):
            raise Wrong(f"{file}:{line}: the key {key!r} is no text: write it in quotes.")
        if place >= len(node.value) - own:
            if key in said:
                raise Wrong(f"{file}:{line}: {key!r} is here twice.")
            said.add(key)
        lines[(*path, key)] = line
        found[key] = _value(loader, value_node, (*path, key), lines, file)
    return found
