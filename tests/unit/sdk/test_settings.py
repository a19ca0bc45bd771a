"""What the SDK is told, by whom, and what it says where that is wrong."""

from pathlib import Path

import pytest

from orch.errors import ConfigurationError
from orch.settings import Settings, load, temporary_settings


def settings(home: Path, **variables: str) -> Settings:
    """With ORCH_HOME, and further variables without their ORCH_."""
    return load({"ORCH_HOME": str(home)} | {f"ORCH_{name.upper()}": value for name, value in variables.items()})


def profiles(home: Path, text: str) -> None:
    """Write the profiles of a home."""
    (home / "profiles.toml").write_text(text)


def test_without_anything_there_are_defaults() -> None:
    found = load({"HOME": "/home/ada"})

    assert found.home == Path("~/.orch").expanduser()
    assert found.recording == "auto"
    assert found.resume
    assert found.storage == str(found.home / "storage")


def test_variables_are_read(tmp_path: Path) -> None:
    found = settings(
        tmp_path,
        api_url="https://orch.example.com:4201",
        api_key="secret",
        recording="OFF",
        logging_level="debug",
        logging_extra_loggers="sqlalchemy, boto3",
        log_prints="true",
        resume="off",
        flush_timeout_seconds="2.5",
        results_storage="s3://bucket/results",
    )

    assert found.api_url == "https://orch.example.com:4201"
    assert (found.recording, found.logging_level, found.log_prints, found.resume) == ("off", 10, True, False)
    assert found.logging_extra_loggers == ("sqlalchemy", "boto3")
    assert found.flush_timeout_seconds == 2.5
    assert found.storage == "s3://bucket/results"


def test_a_key_is_not_shown(tmp_path: Path) -> None:
    assert "secret" not in repr(settings(tmp_path, api_key="secret"))


def test_the_active_profile_serves_where_no_variable_does(tmp_path: Path) -> None:
    profiles(
        tmp_path,
        """
        active = "staging"
        [profiles.staging]
        api_url = "http://staging:4201"
        api_key_file = "key"
        log_prints = true
        flush_timeout_seconds = 5
        logging_extra_loggers = ["a", "b"]
        [profiles.local]
        """,
    )

    found = settings(tmp_path, log_prints="no")

    assert (found.profile, found.api_url, found.log_prints) == ("staging", "http://staging:4201", False)
    assert found.flush_timeout_seconds == 5
    assert found.logging_extra_loggers == ("a", "b")
    assert found.client_environment() == {"ORCH_API_URL": "http://staging:4201", "ORCH_API_KEY_FILE": "key"}
    assert settings(tmp_path, profile="local").api_url == ""


@pytest.mark.parametrize(
    ("variable", "value", "expected"),
    [
        ("recording", "sometimes", "ORCH_RECORDING is 'sometimes': write auto or off"),
        ("log_prints", "perhaps", "ORCH_LOG_PRINTS is 'perhaps': write true or false"),
        ("flush_timeout_seconds", "soon", "ORCH_FLUSH_TIMEOUT_SECONDS is 'soon': write a number of seconds"),
        ("start_timeout_seconds", "-1", "ORCH_START_TIMEOUT_SECONDS is '-1'"),
        ("logging_level", "loud", "ORCH_LOGGING_LEVEL is 'loud': write DEBUG"),
        ("api_url", "ftp://host:1", "ORCH_API_URL: 'ftp://host:1' is not the address of a control plane"),
        ("profile", "nowhere", "ORCH_PROFILE is 'nowhere', and .* has no table"),
    ],
)
def test_what_is_wrong_is_named(tmp_path: Path, variable: str, value: str, expected: str) -> None:
    with pytest.raises(ConfigurationError, match=expected):
        settings(tmp_path, **{variable: value})


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("active = ", "Cannot read the profiles in .*profiles.toml"),
        ('active = "gone"', "`active` in .* is 'gone', and .* has no table \\[profiles.gone\\]"),
        ('active = "a"\n[profiles.a]\napi_ulr = "x"', "has a key 'api_ulr', which is none. Known: .*api_url"),
        ('active = "a"\n[profiles.a]\nlog_prints = "x"', "'log_prints' of the profile 'a' is 'x': write true or false"),
        ('active = "a"\n[profiles.a]\nrecording = {}', "write a text, a number, true or false"),
    ],
)
def test_a_wrong_profile_is_named(tmp_path: Path, text: str, expected: str) -> None:
    profiles(tmp_path, text)

    with pytest.raises(ConfigurationError, match=expected):
        settings(tmp_path)


def test_temporary_settings_end_with_their_block(tmp_path: Path) -> None:
    from orch.settings import current_settings

    before = current_settings()
    with temporary_settings(home=tmp_path, recording="off") as inside:
        assert current_settings() is inside
        assert inside.home == tmp_path
    assert current_settings() is before
