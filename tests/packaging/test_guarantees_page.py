"""docs/guarantees.md names tests as evidence: each of them must be there, and each rule must have some."""

import re
from fnmatch import fnmatch
from pathlib import Path

import pytest

PROJECT = Path(__file__).parents[2]
PAGE = (PROJECT / "docs" / "guarantees.md").read_text()
NAMED = sorted(set(re.findall(r"`(tests/[\w/]+\.py)::([\w*]+)`", PAGE)))
RULES = range(1, 16)


def defined_in(file: str) -> list[str]:
    path = PROJECT / file
    return re.findall(r"^(?:async )?def (test_\w+)\(", path.read_text(), re.MULTILINE) if path.exists() else []


@pytest.mark.parametrize(("file", "test"), NAMED)
def test_what_is_named_is_there(file: str, test: str) -> None:
    found = defined_in(file)

    assert any(fnmatch(name, test) for name in found), f"{file} has no {test}; it has {', '.join(found) or 'no tests'}"


def test_the_page_names_tests_in_this_form_alone() -> None:
    assert len(re.findall(r"tests/[\w/]+\.py", PAGE)) == len(re.findall(r"tests/[\w/]+\.py::[\w*]+`|\.py -k ", PAGE))


@pytest.mark.parametrize("rule", RULES)
def test_each_rule_has_its_section_and_its_checks(rule: int) -> None:
    section = re.search(rf"^### {rule}\. .*?(?=^##)", PAGE, re.MULTILINE | re.DOTALL)

    assert section is not None
    assert f"tests/simulation/test_invariants.py::test_invariant_{rule:02}_*" in section[0]


def test_each_check_of_a_rule_stands_under_some_rule() -> None:
    checks = defined_in("tests/simulation/test_invariants.py")

    assert all(re.match(r"test_invariant_(0[1-9]|1[0-5])_", name) for name in checks)
