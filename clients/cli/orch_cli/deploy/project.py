"""orch.yaml: many deployments in one file.

defaults:                     # for all of them, where they do not say otherwise
  work_pool: demo
deployments:
  - name: nightly
    entrypoint: flows.py:etl
    schedules:
      - cron: "0 2 * * *"
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from orch.deployments.spec import DeploymentSpec
from orch.errors import OrchError
from orch_cli.deploy.entries import Entry, Problems, read_defaults, read_entry
from orch_cli.deploy.located import Located, Path_, read_yaml
from orch_cli.deploy.specs import spec_of
from orch_cli.failures import Wrong

FILE_NAME = "orch.yaml"
_OTHER_NAMES = ("orch.yml",)
_KEYS = ("defaults", "deployments")


@dataclass(frozen=True, slots=True)
class Listed:
    """A deployment of the file."""

    entry: Entry
    path: Path_


def project_file(given: str | None) -> Path:
    """The file: the one that is named, or the one in this folder. Raises Wrong where there is none."""
    if given:
        return Path(given)
    for name in (FILE_NAME, *_OTHER_NAMES):
        if Path(name).is_file():
            return Path(name)
    raise Wrong(
        f"There is nothing to deploy: no {FILE_NAME} in {Path.cwd()}. Write one (docs/deployments.md), or name a flow:"
        " orch deploy etl.py:etl --name nightly"
    )


def project_specs(path: Path, names: Sequence[str]) -> list[DeploymentSpec]:
    """The deployments of a file; `names`: only those, by name or "flow/name". Raises Wrong with all that is wrong."""
    located = read_yaml(path)
    problems = Problems()
    listed = _listed(located, problems)
    _refuse(located, problems)
    chosen = _chosen(listed, names, path)
    folder = path.absolute().parent
    specs = []
    for each in chosen:
        try:
            specs.append((spec_of(each.entry, folder), each))
        except OrchError as error:
            problems.add(each.path, f"{each.entry.get('name', 'a deployment')}: {error}")
    _refuse(located, problems)
    return [spec for spec, each in specs if _is_meant(spec, each, names)]


def _listed(located: Located, problems: Problems) -> list[Listed]:
    document = located.value
    if not isinstance(document, dict):
        problems.add((), "the file is a mapping: write `deployments:` and a list of them.")
        return []
    for key in document:
        if key not in _KEYS:
            problems.add((key,), f"the file has no {key!r}. There are: {', '.join(_KEYS)}.")
    defaults = read_defaults(document.get("defaults") or {}, ("defaults",), problems)
    deployments = document.get("deployments")
    if not isinstance(deployments, list) or not deployments:
        problems.add(("deployments",), "`deployments` is a list of at least one deployment.")
        return []
    return [
        Listed(defaults | read_entry(each, ("deployments", place), problems), ("deployments", place))
        for place, each in enumerate(deployments)
    ]


def _chosen(listed: Sequence[Listed], names: Sequence[str], path: Path) -> Sequence[Listed]:
    """Those that are named. The flow's name is only known once it is loaded: "flow/name" is looked at again then."""
    if not names:
        return listed
    own = [str(each.entry.get("name", "")) for each in listed]
    for name in names:
        if name not in own and name.rpartition("/")[2] not in own:
            raise Wrong(f"{path} has no deployment {name!r}. There are: {', '.join(dict.fromkeys(own))}.")
    last = {name.rpartition("/")[2] for name in names} | set(names)
    return [each for each, name in zip(listed, own, strict=True) if name in last]


def _is_meant(spec: DeploymentSpec, each: Listed, names: Iterable[str]) -> bool:
    wanted = set(names)
    return not wanted or spec.name in wanted or spec.slug in wanted


def _refuse(located: Located, problems: Problems) -> None:
    if problems.found:
        lines = sorted({(located.line(path), text) for path, text in problems.found})
        raise Wrong("\n".join(f"{located.file}:{line}: {text}" for line, text in lines))
