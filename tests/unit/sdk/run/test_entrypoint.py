"""From entrypoints to flows: which module, by which name, and what is said where there is none."""

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from orch.run.entrypoint import Entrypoint, EntrypointError, load_flow

FLOW = "from orch import flow\n\n@flow\ndef etl(): return __name__\n"


@pytest.fixture(autouse=True)
def imports_undone() -> Iterator[None]:
    """What a test imports is gone afterwards."""
    path, modules = list(sys.path), set(sys.modules)
    yield
    sys.path[:] = path
    for name in set(sys.modules) - modules:
        if name.startswith(("jobs", "orch_entrypoint_", "orch_test")):
            del sys.modules[name]


def write(folder: Path, name: str, text: str = FLOW) -> None:
    """A file, and its folders."""
    (folder / name).parent.mkdir(parents=True, exist_ok=True)
    (folder / name).write_text(text)


@pytest.mark.parametrize(
    ("text", "file", "module", "attribute"),
    [
        ("etl.py:etl", "etl.py", "", "etl"),
        ("jobs/etl.py:Jobs.nightly", "jobs/etl.py", "", "Jobs.nightly"),
        ("package.jobs:etl", "", "package.jobs", "etl"),
        ("./odd name:2.py:etl", "./odd name:2.py", "", "etl"),
    ],
)
def test_entrypoints_are_read(text: str, file: str, module: str, attribute: str) -> None:
    assert Entrypoint.parse(text) == Entrypoint(file, module, attribute)


@pytest.mark.parametrize("text", ["", "etl.py", ":etl", "etl.py:", "etl.py:1", "no-module:etl", "etl.py:a..b"])
def test_what_is_no_entrypoint_is_refused(text: str) -> None:
    with pytest.raises(EntrypointError, match=r"Write \"path/to/file.py:function\"|no name of a module"):
        Entrypoint.parse(text)


def test_a_file_is_the_module_that_an_import_beside_it_gets(tmp_path: Path) -> None:
    write(tmp_path, "orch_test_etl.py")

    found = load_flow("orch_test_etl.py:etl", tmp_path)

    assert found.fn() == "orch_test_etl"
    assert sys.modules["orch_test_etl"].etl is found
    assert sys.path[0] == str(tmp_path)


def test_a_file_in_a_package_imports_its_neighbours(tmp_path: Path) -> None:
    write(tmp_path, "jobs/__init__.py", "")
    write(tmp_path, "jobs/names.py", "NAME = 'neighbour'\n")
    write(tmp_path, "jobs/etl.py", "from orch import flow\nfrom .names import NAME\n@flow(name=NAME)\ndef etl(): ...\n")

    assert load_flow("jobs/etl.py:etl", tmp_path).name == "neighbour"


def test_a_file_in_a_folder_imports_what_lies_beside_it_and_in_the_working_folder(tmp_path: Path) -> None:
    write(tmp_path, "orch_test_above.py", "NAME = 'above'\n")
    write(tmp_path, "flows/orch_test_beside.py", "NAME = 'beside'\n")
    write(
        tmp_path,
        "flows/orch_test_etl.py",
        "from orch import flow\nimport orch_test_above, orch_test_beside\n"
        "@flow(name=orch_test_above.NAME + orch_test_beside.NAME)\ndef etl(): ...\n",
    )

    assert load_flow("flows/orch_test_etl.py:etl", tmp_path).name == "abovebeside"


@pytest.mark.parametrize("name", ["json.py", "v1.2.py"])
def test_a_name_that_is_somebody_elses_or_none_does_no_harm(tmp_path: Path, name: str) -> None:
    write(tmp_path, name)
    import json

    found = load_flow(f"{name}:etl", tmp_path)

    assert found.fn().startswith("orch_entrypoint_")
    assert sys.modules["json"] is json


def test_a_file_whose_name_is_no_identifier_is_a_module_all_the_same(tmp_path: Path) -> None:
    write(tmp_path, "orch_test-my etl.py")

    assert load_flow("orch_test-my etl.py:etl", tmp_path).fn() == "orch_test-my etl"


def test_main_is_not_run(tmp_path: Path) -> None:
    write(tmp_path, "orch_test_etl.py", FLOW + "if __name__ == '__main__':\n    raise SystemExit(1)\n")

    assert load_flow("orch_test_etl.py:etl", tmp_path).name == "etl"


def test_a_flow_may_be_an_attribute(tmp_path: Path) -> None:
    write(
        tmp_path,
        "orch_test_etl.py",
        "from orch import flow\nclass Jobs:\n    @flow\n    @staticmethod\n    def nightly(): ...\n",
    )

    assert load_flow("orch_test_etl.py:Jobs.nightly", tmp_path).name == "nightly"


def test_a_module_is_imported_from_the_working_folder(tmp_path: Path) -> None:
    write(tmp_path, "orch_test_package/jobs.py")

    assert load_flow("orch_test_package.jobs:etl", tmp_path).fn() == "orch_test_package.jobs"


def test_a_module_that_imports_what_is_not_there_says_which(tmp_path: Path) -> None:
    write(tmp_path, "orch_test_etl.py", "import orch_test_missing\n")

    with pytest.raises(EntrypointError, match=r"No module named 'orch_test_missing'\. Install it for .*python"):
        load_flow("orch_test_etl:etl", tmp_path)


def test_a_package_that_imports_what_is_not_there_says_which(tmp_path: Path) -> None:
    write(tmp_path, "jobs/__init__.py", "import orch_test_missing\n")
    write(tmp_path, "jobs/etl.py")

    with pytest.raises(EntrypointError, match="No module named 'orch_test_missing'"):
        load_flow("jobs/etl.py:etl", tmp_path)


def test_an_import_that_failed_is_not_left_half_done(tmp_path: Path) -> None:
    write(tmp_path, "v1.2.py", "1 / 0\n")
    with pytest.raises(EntrypointError, match="division by zero"):
        load_flow("v1.2.py:etl", tmp_path)
    write(tmp_path, "v1.2.py")

    assert load_flow("v1.2.py:etl", tmp_path).name == "etl"


def test_a_script_that_ends_the_program_is_told_where_that_belongs(tmp_path: Path) -> None:
    write(tmp_path, "orch_test_etl.py", FLOW + "raise SystemExit(2)\n")

    with pytest.raises(EntrypointError, match='put that under `if __name__ == "__main__":`'):
        load_flow("orch_test_etl.py:etl", tmp_path)


def test_the_cause_is_the_users_exception_from_the_users_code_on(tmp_path: Path) -> None:
    write(tmp_path, "orch_test_etl.py", "def fail():\n    raise LookupError('x')\nfail()\n")

    with pytest.raises(EntrypointError) as raised:
        load_flow("orch_test_etl.py:etl", tmp_path)

    cause = raised.value.__cause__
    assert isinstance(cause, LookupError)
    frames = []
    traceback = cause.__traceback__
    while traceback is not None:
        frames.append(Path(traceback.tb_frame.f_code.co_filename).name)
        traceback = traceback.tb_next
    assert frames == ["orch_test_etl.py", "orch_test_etl.py"]
