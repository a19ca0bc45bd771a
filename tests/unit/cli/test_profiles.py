"""`orch profile` and `orch config`: what they write, what they refuse, and that the SDK reads it."""

import multiprocessing
import stat
from pathlib import Path

import pytest

from orch.settings import load
from orch_cli.profile.store import ProfileStore
from tests.support.invoked_command import InvokedOrch


@pytest.fixture
def orch(tmp_path: Path) -> InvokedOrch:
    """The command, on a home of its own."""
    return InvokedOrch(tmp_path)


def written(home: Path) -> str:
    """The file."""
    return (home / "profiles.toml").read_text()


# orch profile


def test_the_first_profile_is_used_and_the_sdk_reads_it(orch: InvokedOrch, tmp_path: Path) -> None:
    done = orch("profile", "create", "staging", "api_url=http://staging:4201", "log_prints=yes")

    assert done.code == 0
    assert "staging is the active profile." in done.out
    settings = load({"ORCH_HOME": str(tmp_path)})
    assert (settings.profile, settings.api_url, settings.log_prints) == ("staging", "http://staging:4201", True)


def test_a_further_profile_is_used_when_somebody_says_so(orch: InvokedOrch) -> None:
    orch("profile", "create", "one")
    orch("profile", "create", "two")
    orch("profile", "create", "three", "--use")

    assert [(each["name"], each["active"]) for each in orch("profile", "ls", "-o", "json").document] == [
        ("one", False),
        ("two", False),
        ("three", True),
    ]
    assert orch("profile", "use", "two").code == 0
    assert orch("profile", "ls").lines[1:] == ["one", "two    *", "three"]
    assert orch("profile", "use", "--none").code == 0
    assert "*" not in orch("profile", "ls").out


def test_values_are_written_as_what_they_are(orch: InvokedOrch, tmp_path: Path) -> None:
    orch(
        *("profile", "create", "p", "flush_timeout_seconds=5", "start_timeout_seconds=2.5", "resume=off"),
        *(
            "logging_extra_loggers=boto3, sqlalchemy",
            "logging_level=debug",
            "api_key=007",
            "ORCH_RESULTS_STORAGE=s3://b",
        ),
    )

    assert written(tmp_path).splitlines()[3:] == [
        "flush_timeout_seconds = 5",
        "start_timeout_seconds = 2.5",
        "resume = false",
        'logging_extra_loggers = ["boto3", "sqlalchemy"]',
        'logging_level = "debug"',
        'api_key = "007"',
        'results_storage = "s3://b"',
    ]
    settings = load({"ORCH_HOME": str(tmp_path)})
    assert (settings.api_key, settings.logging_level, settings.resume) == ("007", 10, False)


def test_comments_and_order_stay(orch: InvokedOrch, tmp_path: Path) -> None:
    text = (
        '# mine\nactive = "b"\n\n[profiles.b] # the second\nrecording = "off"  # quiet\n\n[profiles.a]\nresume = true\n'
    )
    (tmp_path / "profiles.toml").write_text(text)

    orch("profile", "set", "b", "log_prints=true")
    orch("config", "unset", "log_prints")

    assert written(tmp_path) == text


def test_the_file_is_for_its_owner_only(orch: InvokedOrch, tmp_path: Path) -> None:
    path = tmp_path / "profiles.toml"
    path.write_text("")
    path.chmod(0o644)

    orch("profile", "create", "p", "api_key=secret")

    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert [each.name for each in tmp_path.iterdir()] == ["profiles.toml"]


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (("profile", "create", "has space"), 2, "cannot be a profile's name"),
        (("profile", "create", "p"), 2, "`orch profile set p KEY=VALUE` changes it"),
        (("profile", "create", "q", "api_ur=http://x:4201"), 2, "Did you mean 'api_url'?"),
        (("profile", "set", "p", "api_url=ftp://x"), 2, "neither http nor https"),
        (("profile", "set", "p", "resume"), 2, "'resume' is not KEY=VALUE"),
        (("profile", "set", "p", "resume="), 2, "orch config unset resume"),
        (("profile", "set", "p", "log_prints=maybe"), 2, "write true or false"),
        (("profile", "set", "nope", "resume=true"), 3, "there are: p"),
        (("profile", "use", "nope"), 3, "`orch profile create nope` makes one"),
        (("profile", "use"), 2, "Name a profile, or pass --none"),
        (("profile", "inspect", "nope"), 3, "There is no profile 'nope'"),
        (("profile", "delete", "p", "-y"), 2, "is the active one"),
        (("profile", "delete", "nope"), 3, "There is no profile 'nope'"),
        (("config", "set", "colour=red"), 2, "There is no setting 'colour'. There are: allow_insecure, api_key"),
        (("config", "unset", "colour"), 2, "There is no setting 'colour'"),
        (("config", "view", "colour"), 2, "There is no setting 'colour'"),
        (("--profile", "nope", "config", "view"), 2, "ORCH_PROFILE is 'nope'"),
    ],
)
def test_what_cannot_be_is_refused_in_words_and_changes_nothing(
    orch: InvokedOrch, tmp_path: Path, arguments: tuple[str, ...], code: int, words: str
) -> None:
    orch("profile", "create", "p", "resume=false")
    before = written(tmp_path)

    done = orch(*arguments)

    assert done.code == code
    assert words in done.errors
    assert written(tmp_path) == before


def test_deleting_asks_first(orch: InvokedOrch) -> None:
    orch("profile", "create", "one")
    orch("profile", "create", "two")

    refused = orch("profile", "delete", "two")

    assert (refused.code, "pass --yes" in refused.errors) == (2, True)
    assert orch("profile", "delete", "two", "-y").out == "Deleted the profile two.\n"
    assert orch("profile", "ls", "-o", "id").lines == ["one"]


@pytest.mark.parametrize("content", ["active = ", "profiles = 3", "[profiles]\na = 1"])
def test_a_broken_file_is_told_and_left_alone(orch: InvokedOrch, tmp_path: Path, content: str) -> None:
    (tmp_path / "profiles.toml").write_text(content)

    done = orch("profile", "create", "p")

    assert done.code == 2
    assert str(tmp_path / "profiles.toml") in done.errors
    assert written(tmp_path) == content


def test_a_key_is_never_shown(orch: InvokedOrch) -> None:
    orch("profile", "create", "p", "api_key=hush", "api_url=http://127.0.0.1:4201")

    for shown in (("profile", "inspect", "p"), ("profile", "ls", "-o", "json"), ("config", "view", "-o", "yaml")):
        done = orch(*shown)
        assert done.code == 0
        assert "hush" not in done.out + done.errors
    assert "(hidden)" in orch("profile", "inspect", "p").out


def _set(home: Path, key: str, value: str) -> None:
    ProfileStore(home).set("p", {key: value})


def test_two_commands_at_once_lose_nothing(tmp_path: Path) -> None:
    ProfileStore(tmp_path).create("p", {})
    values = {
        "api_key_file": "k",
        "tls_ca_file": "c",
        "results_storage": "r",
        "log_prints": "true",
        "resume": "false",
        "recording": "off",
    }
    context = multiprocessing.get_context("spawn")
    changers = [context.Process(target=_set, args=(tmp_path, key, value)) for key, value in values.items()]

    for changer in changers:
        changer.start()
    for changer in changers:
        changer.join()

    assert set(ProfileStore(tmp_path).get("p").settings) == set(values)


# orch config


def test_config_set_makes_a_profile_where_there_is_none(orch: InvokedOrch, tmp_path: Path) -> None:
    done = orch("config", "set", "ORCH_API_URL=http://127.0.0.1:4201")

    assert "Set api_url in the profile default" in done.out
    assert load({"ORCH_HOME": str(tmp_path)}).api_url == "http://127.0.0.1:4201"
    orch("profile", "use", "--none")
    assert orch("config", "set", "resume=no").code == 0
    assert set(ProfileStore(tmp_path).get("default").settings) == {"api_url", "resume"}


def test_config_changes_the_profile_in_use(orch: InvokedOrch, tmp_path: Path) -> None:
    orch("profile", "create", "one")
    orch("profile", "create", "two")

    assert orch("--profile", "two", "config", "set", "resume=no").code == 0

    assert ProfileStore(tmp_path).get("two").settings == {"resume": False}
    assert ProfileStore(tmp_path).get("one").settings == {}


def test_config_unset_takes_away_even_what_is_no_setting(orch: InvokedOrch, tmp_path: Path) -> None:
    (tmp_path / "profiles.toml").write_text('active = "p"\n[profiles.p]\ncolour = "red"\nresume = false\n')

    done = orch("config", "unset", "colour", "resume", "log_prints")

    assert done.code == 0
    assert "Unset colour, resume in the profile p" in done.out
    assert "does not set log_prints" in done.errors
    assert ProfileStore(tmp_path).get("p").settings == {}


def test_config_unset_needs_a_profile(orch: InvokedOrch) -> None:
    done = orch("config", "unset", "resume")

    assert (done.code, "No profile is in use" in done.errors) == (3, True)


def test_config_view_says_where_each_value_comes_from(orch: InvokedOrch, tmp_path: Path) -> None:
    orch("profile", "create", "p", "api_url=http://127.0.0.1:4201", "resume=false", "logging_level=debug")

    found = orch("config", "view", "-o", "json", ORCH_RESUME="true", ORCH_LOG_PRINTS="1").document

    by_name = {each["name"]: (each["value"], each["origin"]) for each in found}
    assert by_name["api_url"] == ("http://127.0.0.1:4201", "profile p")
    assert by_name["resume"] == (True, "ORCH_RESUME")
    assert by_name["log_prints"] == (True, "ORCH_LOG_PRINTS")
    assert by_name["logging_level"] == ("DEBUG", "profile p")
    assert by_name["recording"] == ("auto", "default")
    assert by_name["home"] == (str(tmp_path), "ORCH_HOME")
    assert by_name["profile"] == ("p", f"`active` in {tmp_path / 'profiles.toml'}")


def test_config_view_shows_some_or_what_is_set(orch: InvokedOrch) -> None:
    orch("profile", "create", "p", "resume=false")

    assert orch("config", "view", "resume", "ORCH_RECORDING").lines == [
        "SETTING    VALUE  FROM",
        "resume     false  profile p",
        "recording  auto   default",
    ]
    assert orch("config", "view", "--set", "-o", "id").lines == ["home", "profile", "resume"]


def test_a_variable_that_wins_is_told(orch: InvokedOrch) -> None:
    orch("profile", "create", "p")

    done = orch("config", "set", "resume=false", ORCH_RESUME="true")

    assert "ORCH_RESUME is set and wins over the profile" in done.errors


def test_a_home_that_cannot_be_written_is_told(orch: InvokedOrch, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")

    done = orch("config", "set", "resume=false", ORCH_HOME=str(tmp_path / "file" / "home"))

    assert done.code == 2
    assert "Cannot write" in done.errors
    assert "ORCH_HOME" in done.errors
