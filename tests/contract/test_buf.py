"""What buf sees: style, a comment on everything, and any break of the contract that was released."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
RELEASED = ROOT / "proto" / "released" / "orch.v1.binpb"
BUF = Path(sys.executable).with_name("buf")


def buf(*arguments: str | Path, folder: Path = ROOT) -> subprocess.CompletedProcess[str]:
    return subprocess.run([BUF, *arguments], cwd=folder, capture_output=True, text=True, check=False)


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """The contract, to be changed."""
    shutil.copytree(ROOT / "proto" / "orch_proto", tmp_path / "proto" / "orch_proto")
    shutil.copy(ROOT / "buf.yaml", tmp_path)
    return tmp_path


def change(copy: Path, file: str, before: str, after: str) -> None:
    path = copy / "proto" / "orch_proto" / "v1" / file
    text = path.read_text()
    assert text.count(before) == 1, f"{file} has changed: choose another place to break it"
    path.write_text(text.replace(before, after))


def test_the_contract_is_clean() -> None:
    done = buf("lint")

    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


@pytest.mark.parametrize(
    ("file", "before", "rule"),
    [
        ("flow_run.proto", "  // Where it stands now.\n", "COMMENT_FIELD"),
        ("flow_run.proto", "// One run of a flow.\n", "COMMENT_MESSAGE"),
        ("state.proto", "  // The user's code runs.\n", "COMMENT_ENUM_VALUE"),
        ("flow_service.proto", "  // All flows by name.\n", "COMMENT_RPC"),
    ],
)
def test_what_has_no_comment_is_found(copy: Path, file: str, before: str, rule: str) -> None:
    change(copy, file, before, "")

    done = buf("lint", "--error-format", "json", folder=copy)

    assert done.returncode == 100
    assert rule in done.stdout


def test_the_contract_keeps_what_was_released() -> None:
    done = buf("breaking", "--against", RELEASED)

    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


@pytest.mark.parametrize(
    ("file", "before", "after", "rule"),
    [
        ("flow_run.proto", "  string name = 2;\n", "", "FIELD_NO_DELETE"),
        ("flow_run.proto", "  int64 token = 18;\n", "  string token = 18;\n", "FIELD_SAME_TYPE"),
        ("lease.proto", "  REPORT_VERDICT_LOST = 3;\n", "", "ENUM_VALUE_NO_DELETE"),
        (
            "flow_run_service.proto",
            "  rpc CancelFlowRun(CancelFlowRunRequest) returns (CancelFlowRunResponse);\n",
            "",
            "RPC_NO_DELETE",
        ),
    ],
)
def test_a_break_of_what_was_released_is_found(copy: Path, file: str, before: str, after: str, rule: str) -> None:
    change(copy, file, before, after)

    done = buf("breaking", "--against", RELEASED, "--error-format", "json", folder=copy)

    assert done.returncode == 100, done.stderr
    assert rule in done.stdout


def test_an_addition_breaks_nothing(copy: Path) -> None:
    change(copy, "flow.proto", "  // Its name, unique", "  // Of late.\n  string nickname = 99;\n  // Its name, unique")

    done = buf("breaking", "--against", RELEASED, folder=copy)

    assert (done.returncode, done.stdout) == (0, "")
