"""Pull steps are read strictly: what is not one is told, with what there is."""

import json
from pathlib import Path

import pytest

from orch_worker.code.errors import CodeError
from orch_worker.code.parsing import parse_steps
from orch_worker.code.steps import ArchiveStep, GitStep, InstallStep, LocalStep, Steps

COMMIT = "0123456789abcdef0123456789abcdef01234567"


@pytest.mark.parametrize("text", ["", "[]"])
def test_no_steps_are_nothing_to_do(text: str) -> None:
    assert parse_steps(text) == Steps()


def test_each_kind_is_read() -> None:
    install = {"step": "install", "lock": "pylock.toml"}
    assert parse_steps('[{"step": "local", "path": "/srv/etl"}]').code == LocalStep(Path("/srv/etl"))
    assert parse_steps(
        json.dumps([{"step": "git", "url": "https://host/etl.git", "branch": "main"}, install])
    ) == Steps(GitStep("https://host/etl.git", branch="main"), InstallStep(lock="pylock.toml"))
    archive = {"step": "archive", "url": "s3://bucket/etl.zip", "sha256": "A" * 64, "subfolder": "etl/"}
    assert parse_steps(json.dumps([archive])).code == ArchiveStep(
        "s3://bucket/etl.zip", sha256="a" * 64, subfolder="etl"
    )


@pytest.mark.parametrize(
    ("steps", "words"),
    [
        ("{", "are not JSON"),
        ('{"step": "git"}', "must be a JSON array of objects"),
        ('["git"]', "must be a JSON array of objects"),
        ([{"step": "svn"}], '"step" is "svn". It must be "local", "git", "archive" or "install"'),
        ([{"path": "/x"}], '"step" is null'),
        ([{"step": ["git"]}], '"step" is ["git"]'),
        ([{"step": "git", "url": "u", "brnch": "x"}], "Pull step 1 (git): it has no 'brnch'. Did you mean 'branch'?"),
        ([{"step": "git"}], 'Pull step 1 (git): "url" is missing'),
        ([{"step": "git", "url": None}], '"url" is missing'),
        ([{"step": "git", "url": 7}], "url must be a text, not 7"),
        ([{"step": "git", "url": "--upload-pack=evil"}], "is not an address"),
        ([{"step": "git", "url": "ext::sh -c evil"}], "is not an address"),
        ([{"step": "git", "url": "u", "branch": "--evil"}], "is not a name that git knows"),
        ([{"step": "git", "url": "u", "branch": "a..b"}], "is not a name that git knows"),
        ([{"step": "git", "url": "u", "commit": "abc123"}], "commit must be all 40 hexadecimal digits"),
        ([{"step": "git", "url": "u", "commit": COMMIT, "tag": "v1"}], '"tag" and "commit" are given'),
        ([{"step": "git", "url": "u", "submodules": "yes"}], "submodules must be true or false"),
        ([{"step": "git", "url": "u", "subfolder": "../etc"}], "must be a path inside the code's folder"),
        ([{"step": "git", "url": "u", "timeout_seconds": 0}], "timeout_seconds must be a number above 0"),
        ([{"step": "git", "url": "u", "timeout_seconds": True}], "timeout_seconds must be a number above 0"),
        ([{"step": "local", "path": "etl"}], "path 'etl' must be absolute"),
        ([{"step": "archive", "url": "u", "storage_options": []}], "storage_options must be an object"),
        ([{"step": "archive", "url": "u", "sha256": "12"}], "sha256 must be all 64 hexadecimal digits"),
        ([{"step": "local", "path": "/x"}, {"step": "install"}], '"requirements" or "lock" is missing'),
        ([{"step": "install", "requirements": "/etc/passwd"}], "must be a path inside the code's folder"),
        ([{"step": "install", "requirements": "a", "lock": "b"}], "only one of them can be meant"),
        ([{"step": "local", "path": "/x"}, {"step": "local", "path": "/y"}], "The pull steps are local, local."),
        ([{"step": "install", "lock": "l"}, {"step": "local", "path": "/y"}], "one install step after it"),
    ],
)
def test_what_is_not_a_step_is_told(steps: object, words: str) -> None:
    text = steps if isinstance(steps, str) else json.dumps(steps)
    with pytest.raises(CodeError) as refused:
        parse_steps(text)
    assert words in str(refused.value)


@pytest.mark.parametrize("kind", ["git", "archive"])
def test_a_password_in_an_address_is_refused_and_not_repeated(kind: str) -> None:
    with pytest.raises(CodeError) as refused:
        parse_steps(json.dumps([{"step": kind, "url": "https://ada:hunter2@host/etl"}]))
    assert "password" in str(refused.value)
    assert "hunter2" not in str(refused.value)
