"""Files that people write: orch.yaml, parameters, the server's webhooks."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orch.errors import OrchError
from orch_cli.deploy.project import project_specs
from orch_cli.failures import Wrong
from orch_cli.parameters import read_parameters
from orch_server.errors import SettingsError
from orch_server.web.hooks.definitions import read_webhooks
from tests.fuzz.fuzzing import fuzzed, refusal
from tests.fuzz.mutations import mutated

PROJECT = """\
defaults: &all
  work_pool: demo
  retries: 2
  retry_delay: [10s, 1m]
deployments:
  - name: nightly
    flow: etl
    command: ./etl --day 1
    parameters: {day: 1, text: "ü"}
    parameter_schema: {properties: {day: {type: integer}}}
    schedules:
      - cron: "0 2 * * *"
        time_zone: Europe/Berlin
      - interval: 90m
        anchor: 2026-11-22T02:00
        overlap: skip
      - rrule: FREQ=WEEKLY;BYDAY=MO
    pull:
      - {step: git, url: "https://example.com/a.git", branch: main}
    concurrency_limit: 3
    at_limit: cancel-oldest
  - <<: *all
    name: second
    command: [echo, "1"]
    job_variables: {env: {A: 1}}
    tags: [a, b]
"""
YAML_WORDS = (
    *("&a ", "*a", "*all", "<<: *all", "!!python/object:os.system ", "!!int ", "!!binary ", "? ", "- ", ": ", "\t"),
    *("{", "}", "[", "]", "|", ">", "#", "---\n", "...", "%YAML 9.9\n", "yes", "~", "0o17", "1_000", "2026-02-30"),
    *(
        "[" * 300,
        "{a: " * 300,
        ".inf",
        "1e400",
        "-1",
        "\ufeff",
        "name: \n",
        "[1s, 2s]",
        "''",
        "&a [*a]",
        "{<<: &b {<<: *b}}",
    ),
)
LAUGHS = "a: &a [x, x, x, x, x, x, x, x, x]\n" + "".join(
    f"{one}: &{one} [{', '.join([f'*{other}'] * 9)}]\n" for other, one in zip("abcdefgh", "bcdefghi", strict=True)
)
NESTED = {"yaml": "- " * 2_000, "json": "[" * 1_100, "mapping": "{a: " * 2_000, "laughs": LAUGHS}


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file that each example writes anew."""
    return tmp_path_factory.mktemp("project") / "orch.yaml"


def read_project(file: Path, content: bytes) -> int:
    """How many deployments there are; -1 where the file is refused, in words that name the place."""
    file.write_bytes(content)
    error = refusal(lambda: project_specs(file, []), Wrong, OrchError)
    if error is None:
        return len(project_specs(file, []))
    assert str(error)
    assert not isinstance(error, Wrong) or file.name in str(error)
    return -1


def test_the_good_one_is_read(file: Path) -> None:
    assert read_project(file, PROJECT.encode()) == 2


@fuzzed(50)
@given(mutated([PROJECT], YAML_WORDS, most=3))
def test_a_project_is_read_or_refused_in_words(file: Path, text: str) -> None:
    read_project(file, text.encode(errors="surrogatepass"))


@fuzzed(50)
@given(st.binary(max_size=200))
def test_any_bytes_are_no_project(file: Path, content: bytes) -> None:
    assert read_project(file, content) == -1


@pytest.mark.parametrize("text", NESTED.values(), ids=NESTED)
def test_what_is_nested_is_refused_soon(file: Path, text: str) -> None:
    assert read_project(file, text.encode()) == -1


@fuzzed(60)
@given(mutated(['{"day": 1, "names": ["a", "b"]}', "day: 2026-11-22\nnames: [a, b]\n"], YAML_WORDS))
def test_a_file_of_parameters_is_read_or_refused_in_words(file: Path, text: str) -> None:
    _read_parameters(file, text)


@pytest.mark.parametrize("text", NESTED.values(), ids=NESTED)
def test_a_nested_file_of_parameters_is_refused_soon(file: Path, text: str) -> None:
    _read_parameters(file, text)


def _read_parameters(file: Path, text: str) -> None:
    file.write_bytes(text.encode(errors="surrogatepass"))
    error = refusal(lambda: read_parameters((), str(file)), Wrong)
    assert error is None or file.name in str(error)


@fuzzed(100)
@given(mutated(["day=1", "name=ü", 'filter={"a": [1, 2]}', "zip=01234", "ratio=0.5"], ["=", "{", "[" * 3000, "NaN"]))
def test_a_parameter_of_the_command_line_is_read_or_refused_in_words(text: str) -> None:
    error = refusal(lambda: read_parameters((text,)), Wrong, OrchError)

    assert error is None or str(error)


HOOKS = """
[pushes]
deployment = "etl/nightly"
signature = "github"
secret_env = ["GITHUB_SECRET", "OLD_SECRET"]
events = ["push", "pull_request.opened"]
constants = { source = "github" }
tolerance_seconds = 300

[pushes.parameters]
commit = "commits.0.id"

[own]
deployment = "etl/nightly"
signature = "hmac"
secret_env = "OLD_SECRET"
hmac = { header = "X-Own", prefix = "v1=", timestamp_header = "X-Time", algorithm = "sha512", encoding = "base64" }
"""
HOOK_WORDS = (
    "[",
    "]",
    "=",
    "{",
    "}",
    '"""',
    "1e400",
    "2026-11-22",
    "true",
    "[[pushes]]",
    "secret_file = '\\u0000'\n",
    "-1",
)


@fuzzed(100)
@given(mutated([HOOKS], HOOK_WORDS))
def test_webhooks_are_read_or_refused_in_words(text: str) -> None:
    secrets = {"GITHUB_SECRET": "hidden-one", "OLD_SECRET": "hidden-two"}
    content = text.encode(errors="surrogatepass")

    error = refusal(lambda: read_webhooks(content, source="--webhooks-file", environ=secrets), SettingsError)

    if error is not None:
        assert error.message.startswith("--webhooks-file")
        assert "hidden" not in error.message
