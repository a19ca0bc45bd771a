"""The contract of a release is on record, so that `make check` can hold later changes against it."""

from importlib.metadata import version
from pathlib import Path

from packaging.version import Version

RELEASED_CONTRACT = Path(__file__).resolve().parents[2] / "proto" / "released" / "orch.v1.binpb"


def test_a_release_has_recorded_its_contract() -> None:
    is_release = not Version(version("orch")).is_devrelease

    assert RELEASED_CONTRACT.is_file() or not is_release, "run `make release-contract` and commit the file"
