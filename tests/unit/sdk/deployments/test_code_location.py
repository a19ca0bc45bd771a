"""Where workers find a flow that was deployed from Python."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from orch import Flow, flow
from orch.deployments.code_location import CodeLocation, locate
from orch.errors import ConfigurationError

ROOT = Path(__file__).parents[4]


@flow
def plain() -> None:
    """Nothing."""


renamed = plain.with_options(name="renamed")


class Jobs:
    """Flows as methods."""

    @staticmethod
    @flow
    def of_a_class() -> None:
        """Nothing."""

    @flow
    @classmethod
    def of_the_class(cls) -> None:
        """Nothing."""


HERE = Path(__file__).relative_to(ROOT).as_posix()


@pytest.mark.parametrize(
    ("of", "name"),
    [
        (plain, "plain"),
        (renamed, "renamed"),
        (Jobs.of_a_class, "Jobs.of_a_class"),
        (Jobs.of_the_class, "Jobs.of_the_class"),
    ],
)
def test_a_flow_is_found_by_its_name_in_its_file(
    of: Flow[..., None], name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(ROOT)

    assert locate(of) == CodeLocation(f"{HERE}:{name}", ROOT)


def test_a_file_elsewhere_is_seen_from_its_own_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)

    assert locate(plain) == CodeLocation(f"{Path(__file__).name}:plain", Path(__file__).parent)


def test_a_flow_inside_of_a_function_cannot_be_found() -> None:
    @flow
    def hidden() -> None:
        """Nothing."""

    with pytest.raises(ConfigurationError, match="inside of a function"):
        locate(hidden)


def test_a_flow_with_other_options_and_no_name_cannot_be_found() -> None:
    with pytest.raises(ConfigurationError, match=r"has no name of its own.*with_options"):
        locate(plain.with_options(retries=3))


def test_a_flow_of_no_file_cannot_be_found() -> None:
    names: dict[str, Flow[..., None]] = {}
    exec("from orch import flow\n@flow\ndef typed(): ...", names)

    with pytest.raises(ConfigurationError, match="not in a file"):
        locate(names["typed"])


PROGRAM = """
from orch import flow

@flow
def etl() -> None: ...

if __name__ == "__main__":
    spec = etl.to_deployment("x")
    print(spec.entrypoint, [dict(each) for each in spec.pull_steps])
"""


@pytest.mark.parametrize("arguments", [["jobs/etl.py"], ["-m", "jobs.etl"]])
def test_a_program_that_deploys_its_own_flow_names_its_file(arguments: list[str], tmp_path: Path) -> None:
    (tmp_path / "jobs").mkdir()
    (tmp_path / "jobs" / "__init__.py").touch()
    (tmp_path / "jobs" / "etl.py").write_text(PROGRAM)

    done = subprocess.run(
        [sys.executable, *arguments], cwd=tmp_path, env=dict(os.environ), capture_output=True, text=True, check=True
    )

    assert done.stdout.strip() == f"jobs/etl.py:etl [{{'step': 'local', 'path': '{tmp_path}'}}]"


def test_an_installed_module_is_named_without_a_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sysconfig.get_paths", lambda: {"purelib": str(ROOT / "tests")})

    assert locate(plain) == CodeLocation(f"{__name__}:plain", None)
