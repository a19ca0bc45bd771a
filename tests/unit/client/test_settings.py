from pathlib import Path

import pytest

from orch_client.errors import ConfigurationError
from orch_client.settings import TlsFiles, settings_from

FAR = "http://orch.example.com:4201"
FAR_TLS = "https://orch.example.com:4201"


def test_everything_comes_from_the_environment() -> None:
    settings = settings_from(
        {
            "ORCH_API_URL": FAR_TLS,
            "ORCH_API_KEY": "key-1\n",
            "ORCH_TLS_CA_FILE": "/ca.pem",
            "ORCH_TLS_CERT_FILE": "/cert.pem",
            "ORCH_TLS_KEY_FILE": "/key.pem",
        }
    )

    assert settings.url == FAR_TLS
    assert settings.api_key == "key-1"
    assert settings.tls == TlsFiles(ca_file="/ca.pem", certificate_file="/cert.pem", key_file="/key.pem")
    assert settings.timeout_seconds == 30


def test_arguments_go_before_the_environment() -> None:
    environment = {"ORCH_API_URL": FAR, "ORCH_API_KEY": "theirs"}

    settings = settings_from(environment, address="http://localhost:1", api_key="mine", timeout=5)

    assert (settings.url, settings.api_key, settings.timeout_seconds) == ("http://localhost:1", "mine", 5)


def test_an_empty_key_argument_sends_none() -> None:
    assert settings_from({"ORCH_API_KEY": "theirs"}, address=FAR, api_key="").api_key == ""


def test_without_an_address_it_says_how_to_give_one() -> None:
    with pytest.raises(ConfigurationError, match="set ORCH_API_URL"):
        settings_from({})


def test_the_key_may_lie_in_a_file(tmp_path: Path) -> None:
    file = tmp_path / "key"
    file.write_text("from-file\n")

    assert settings_from({"ORCH_API_KEY_FILE": str(file)}, address=FAR_TLS).api_key == "from-file"
    both = {"ORCH_API_KEY_FILE": str(file), "ORCH_API_KEY": "direct"}
    assert settings_from(both, address=FAR_TLS).api_key == "direct"


def test_a_key_file_that_is_not_there_is_named() -> None:
    with pytest.raises(ConfigurationError, match=r"Cannot read the API key file '/no/such': No such file"):
        settings_from({"ORCH_API_KEY_FILE": "/no/such"}, address=FAR_TLS)


@pytest.mark.parametrize("key", ["two words", "two\nlines", "schlüssel"])
def test_a_key_that_cannot_be_one_is_refused_without_repeating_it(key: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        settings_from({}, address=FAR_TLS, api_key=key)

    assert key not in str(caught.value)


def test_the_key_is_not_shown() -> None:
    assert "s3cret" not in repr(settings_from({}, address=FAR_TLS, api_key="s3cret"))


def test_a_key_does_not_leave_the_machine_unencrypted() -> None:
    with pytest.raises(ConfigurationError) as caught:
        settings_from({"ORCH_API_KEY": "k"}, address=FAR)

    assert "https://orch.example.com:4201" in str(caught.value)
    assert "ORCH_ALLOW_INSECURE=1" in str(caught.value)


@pytest.mark.parametrize("address", ["http://localhost:4201", "http://127.0.0.1:4201", "[::1]:4201", FAR_TLS])
def test_a_key_may_go_to_this_machine_or_through_tls(address: str) -> None:
    assert settings_from({"ORCH_API_KEY": "k"}, address=address).api_key == "k"


def test_a_trusted_network_may_be_allowed() -> None:
    assert settings_from({"ORCH_API_KEY": "k", "ORCH_ALLOW_INSECURE": "1"}, address=FAR).allow_insecure
    assert settings_from({"ORCH_API_KEY": "k"}, address=FAR, allow_insecure=True).allow_insecure


def test_an_address_without_scheme_is_encrypted_where_tls_files_are_given() -> None:
    assert not settings_from({}, address="host:1").secure
    assert settings_from({}, address="host:1", tls=TlsFiles(ca_file="/ca.pem")).secure
    assert settings_from({}, address="https://host:1").secure


def test_tls_files_and_http_contradict_each_other() -> None:
    with pytest.raises(ConfigurationError, match="Write https://host:1, or leave the TLS files out"):
        settings_from({"ORCH_TLS_CA_FILE": "/ca.pem"}, address="http://host:1")


def test_a_client_certificate_needs_its_key() -> None:
    with pytest.raises(ConfigurationError, match="needs its private key"):
        TlsFiles(certificate_file="/cert.pem").read()


def test_an_empty_tls_file_is_named(tmp_path: Path) -> None:
    file = tmp_path / "ca.pem"
    file.touch()

    with pytest.raises(ConfigurationError, match="the file is empty"):
        TlsFiles(ca_file=str(file)).read()


def test_no_time_at_all_is_refused() -> None:
    with pytest.raises(ConfigurationError, match="leaves no time"):
        settings_from({}, address=FAR, timeout=0)
