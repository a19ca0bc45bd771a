"""What the server accepts as settings, and how it says what is wrong."""

from dataclasses import asdict
from pathlib import Path

import pytest
import trustme

from orch_server.errors import SettingsError
from orch_server.options import OPTIONS
from orch_server.settings import Settings

LONG_KEY = "0123456789abcdef"


def load(environ: dict[str, str] | None = None, /, **arguments: object) -> Settings:
    return Settings.load(arguments, {"HOME": "/home/ada", **(environ or {})})


def refusal(environ: dict[str, str] | None = None, /, **arguments: object) -> str:
    with pytest.raises(SettingsError) as caught:
        load(environ, **arguments)
    return caught.value.message


@pytest.fixture
def pem(tmp_path: Path) -> dict[str, str]:
    authority = trustme.CA()
    issued = authority.issue_cert("localhost")
    files = {name: str(tmp_path / f"{name}.pem") for name in ("cert", "key", "ca")}
    for number, blob in enumerate(issued.cert_chain_pems):
        blob.write_to_path(files["cert"], append=number > 0)
    issued.private_key_pem.write_to_path(files["key"])
    authority.cert_pem.write_to_path(files["ca"])
    return files


def test_nothing_said_listens_on_this_machine_with_a_file_in_the_home_directory() -> None:
    settings = load(home="/srv/orch")

    assert settings.endpoint.address() == "127.0.0.1:4201"
    assert settings.endpoint.max_message_bytes == 16 * 1024 * 1024
    assert settings.database.url == "sqlite:////srv/orch/orch.db"
    assert settings.access.api_keys == ()
    assert settings.background.late_after_seconds == 15
    assert not settings.telemetry.on


def test_the_table_of_options_and_the_dataclasses_have_the_same_defaults() -> None:
    loaded = asdict(load(home="/srv/orch"))
    bare = asdict(Settings(home=loaded["home"], database=load(home="/srv/orch").database))

    assert loaded == bare


def test_an_option_wins_over_its_variable_and_a_variable_over_the_default() -> None:
    environ = {"ORCH_LISTEN_PORT": "5000", "ORCH_GRACE_SECONDS": "2.5"}

    assert load(environ, port="6000").endpoint.port == 6000
    assert load(environ).endpoint.port == 5000
    assert load(environ).shutdown.grace_seconds == 2.5


def test_an_empty_variable_counts_as_not_set() -> None:
    assert load({"ORCH_LISTEN_PORT": " ", "ORCH_INSECURE": ""}).endpoint.port == 4201


def test_no_variable_is_one_that_kubernetes_sets_for_a_service_of_an_obvious_name() -> None:
    names = {f"{service}_{suffix}" for service in ("ORCH", "ORCH_SERVER", "ORCH_API") for suffix in ("PORT", "HOST")}

    assert names.isdisjoint(option.variable for option in OPTIONS)


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://ada:pw@db.example/orch",
        "postgresql:///orch?host=/run/pg",
        "sqlite:///runs.db",
        "sqlite:////a/b.db",
    ],
)
def test_postgres_and_sqlite_files_are_taken_as_they_are(url: str) -> None:
    assert load(database_url=url).database.url == url


@pytest.mark.parametrize(
    ("url", "says"),
    [
        ("mysql://ada:secret@db/orch", "of no known kind"),
        ("postgres://ada:secret@db/orch", "postgresql://user:password@host/name"),
        ("orch.db", "of no known kind"),
        ("sqlite://", "names no file"),
        ("sqlite:///:memory:", "names no file"),
        ("postgresql://ada:secret@db:port/orch", "is not a URL"),
    ],
)
def test_other_databases_are_refused_without_showing_the_password(url: str, says: str) -> None:
    message = refusal({"ORCH_DATABASE_URL": url})

    assert message.startswith("ORCH_DATABASE_URL: ")
    assert says in message
    assert "secret" not in message


def test_secrets_are_in_no_repr() -> None:
    environ = {"ORCH_API_KEY": "the-api-key", "ORCH_DATABASE_URL": "postgresql://ada:the-password@db/orch"}
    settings = load(environ)

    assert "the-api-key" not in repr(settings)
    assert "the-password" not in repr(settings)
    assert settings.database.redacted_url == "postgresql://ada:***@db/orch"


@pytest.mark.parametrize(
    ("name", "value", "says"),
    [
        ("port", "70000", "'70000' is not a whole number from 0 to 65535"),
        ("port", "http", "not a whole number"),
        ("late_after_seconds", "nan", "not a number of seconds"),
        ("grace_seconds", "-1", "not a number of seconds"),
        ("log_format", "xml", "'xml' is not one of auto, human, json"),
        ("log_level", "loud", "not one of debug, info, warning, error"),
        ("insecure", "maybe", "neither true nor false"),
        ("host", "127.0.0.1:80", "--port"),
        ("host", "", "neither an IP address nor a host name"),
        ("max_message_bytes", "1", "not a whole number"),
    ],
)
def test_what_is_wrong_is_told_with_the_option_it_was_written_in(name: str, value: str, says: str) -> None:
    message = refusal(**{name: value})

    assert message.startswith(f"--{name.replace('_', '-')}: ")
    assert says in message


@pytest.mark.parametrize("host", ["127.0.0.1", "127.1.2.3", "::1", "[::1]", "localhost"])
def test_this_machine_needs_no_key(host: str) -> None:
    assert load(host=host).endpoint.loopback


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "10.1.2.3", "orch.example.com"])
def test_other_machines_get_in_with_a_key_or_when_somebody_insists(host: str) -> None:
    message = refusal(host=host)

    assert all(way in message for way in ("ORCH_API_KEY", "--api-key-file", "127.0.0.1", "--insecure"))
    assert load({"ORCH_API_KEY": LONG_KEY}, host=host).access.api_keys == (LONG_KEY,)
    assert load({"ORCH_INSECURE": "true"}, host=host).access.insecure


def test_an_ipv6_address_is_written_in_brackets() -> None:
    assert load(host="::1").endpoint.url() == "http://[::1]:4201"


def test_keys_come_from_the_variable_and_the_file_each_once(tmp_path: Path) -> None:
    file = tmp_path / "keys"
    file.write_text("# team a\nfirst-key  # until May\n\nsecond-key\nfrom-variable\n")

    settings = load({"ORCH_API_KEY": "from-variable"}, api_key_file=str(file))

    assert settings.access.api_keys == ("from-variable", "first-key", "second-key")


@pytest.mark.parametrize(
    ("content", "says"),
    [
        ("", "is empty"),
        ("  \n", "is empty"),
        ("# nobody yet\n", "holds no key"),
        ("two words\n", "line 1: a key is one"),
    ],
)
def test_a_key_file_without_a_usable_key_is_refused(tmp_path: Path, content: str, says: str) -> None:
    file = tmp_path / "keys"
    file.write_text(content)

    assert says in refusal(api_key_file=str(file))


def test_a_wrong_key_is_not_repeated_in_the_error() -> None:
    assert "gehéim" not in refusal({"ORCH_API_KEY": "gehéim"})


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    missing = str(tmp_path / "nowhere")

    assert refusal(api_key_file=missing) == f"--api-key-file: cannot read {missing}: No such file or directory."
    assert "cannot read" in refusal({"ORCH_TLS_CERT": missing})


def test_tls_is_read_from_its_files(pem: dict[str, str]) -> None:
    tls = load(tls_cert=pem["cert"], tls_key=pem["key"], tls_client_ca=pem["ca"]).endpoint.tls

    assert tls is not None
    assert tls.client_ca == Path(pem["ca"]).read_bytes()
    assert "PRIVATE KEY" not in repr(tls)


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ({"tls_key": "key"}, "--tls-key: TLS needs a certificate and its key; give --tls-cert too"),
        ({"tls_cert": "cert"}, "--tls-cert: TLS needs a certificate and its key; give --tls-key too"),
        ({"tls_client_ca": "ca"}, "give --tls-cert and --tls-key too"),
        ({"tls_cert": "ca", "tls_key": "key"}, "not a PEM certificate and its own key"),
        ({"tls_cert": "key", "tls_key": "key"}, "not a PEM certificate and its own key"),
        ({"tls_cert": "cert", "tls_key": "key", "tls_client_ca": "key"}, "holds no PEM certificate"),
    ],
)
def test_tls_files_that_do_not_belong_together_are_refused(
    pem: dict[str, str], given: dict[str, str], says: str
) -> None:
    assert says in refusal(**{option: pem[file] for option, file in given.items()})


def test_a_key_with_a_passphrase_is_refused_instead_of_asking_for_it(pem: dict[str, str]) -> None:
    from cryptography.hazmat.primitives.serialization import (
        BestAvailableEncryption,
        Encoding,
        PrivateFormat,
        load_pem_private_key,
    )

    key = load_pem_private_key(Path(pem["key"]).read_bytes(), password=None)
    Path(pem["key"]).write_bytes(
        key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, BestAvailableEncryption(b"passphrase"))
    )

    assert "passphrase" in refusal(tls_cert=pem["cert"], tls_key=pem["key"])


@pytest.mark.parametrize(
    ("environ", "traces", "metrics"),
    [
        ({}, (), ()),
        ({"OTEL_SERVICE_NAME": "orch"}, (), ()),
        ({"OTEL_EXPORTER_OTLP_ENDPOINT": "http://otel:4317"}, ("otlp",), ("otlp",)),
        ({"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": "http://otel:4317"}, ("otlp",), ()),
        ({"OTEL_TRACES_EXPORTER": "otlp, console"}, ("otlp", "console"), ()),
        ({"OTEL_EXPORTER_OTLP_ENDPOINT": "http://otel:4317", "OTEL_METRICS_EXPORTER": "none"}, ("otlp",), ()),
        ({"OTEL_TRACES_EXPORTER": "otlp", "OTEL_SDK_DISABLED": "TRUE"}, (), ()),
    ],
)
def test_telemetry_is_on_where_the_standard_variables_ask_for_it(
    environ: dict[str, str], traces: tuple[str, ...], metrics: tuple[str, ...]
) -> None:
    telemetry = load(environ).telemetry

    assert (telemetry.traces, telemetry.metrics) == (traces, metrics)
    assert telemetry.on == bool(traces or metrics)


def test_an_exporter_that_orch_does_not_have_is_refused() -> None:
    assert refusal({"OTEL_TRACES_EXPORTER": "zipkin"}).startswith("OTEL_TRACES_EXPORTER: Orch exports to otlp")
