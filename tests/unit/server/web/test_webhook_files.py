"""The file that opens webhooks: what it may say, and how it is told what is wrong."""

from pathlib import Path

import pytest

from orch_server.errors import SettingsError
from orch_server.settings import Settings
from orch_server.web.hooks.definitions import HmacScheme, Webhook, read_webhooks

ENVIRON = {"SECRET": "s3cret-s3cret", "EMPTY": " "}
HOOK = '[a]\ndeployment = "etl/nightly"\nsignature = "github"\nsecret_env = "SECRET"\n'


def read(text: str) -> dict[str, Webhook]:
    return read_webhooks(text.encode(), source="--webhooks-file", environ=ENVIRON)


def test_little_needs_to_be_said() -> None:
    assert read(HOOK) == {"a": Webhook("a", "etl", "nightly", "github", (b"s3cret-s3cret",))}


def test_a_secret_may_stand_in_a_file_of_its_own_and_is_in_no_repr(tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("from-a-file\n")
    text = HOOK.replace('secret_env = "SECRET"', f'secret_file = "{tmp_path / "secret"}"')

    hook = read(text)["a"]

    assert hook.secrets == (b"from-a-file",)
    assert "from-a-file" not in repr(hook)


def test_signatures_of_ones_own_are_described() -> None:
    text = (
        HOOK.replace('"github"', '"hmac"') + 'hmac = { header = "X-Sum", algorithm = "sha512", encoding = "base64" }\n'
    )

    assert read(text)["a"].hmac == HmacScheme(header="x-sum", algorithm="sha512", encoding="base64")


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("[a", "is not TOML"),
        ("a = 1", r"\[a\]: a hook is a table"),
        ('["a/b"]\n' + HOOK.partition("\n")[2], "part of an address"),
        (HOOK + 'evnts = ["push"]', "evnts is no key of a hook. Did you mean events?"),
        (HOOK.replace("etl/nightly", "nightly"), 'names a flow and its deployment: "etl/nightly"'),
        (HOOK.replace('deployment = "etl/nightly"\n', ""), "deployment is missing"),
        (HOOK.replace("github", "gitlab"), "signature is one of github, stripe, standard, hmac, not 'gitlab'"),
        (HOOK.replace('signature = "github"\n', ""), "signature is one of"),
        (HOOK.replace('"SECRET"', '"NONE"'), "NONE holds no secret"),
        (HOOK.replace('"SECRET"', '"EMPTY"'), "EMPTY holds no secret"),
        (HOOK.replace('secret_env = "SECRET"', 'secret = "x"'), "secret is no key"),
        (HOOK.replace('secret_env = "SECRET"', ""), "Secrets do not stand in this file"),
        (HOOK.replace('secret_env = "SECRET"', 'secret_file = "/nowhere/x"'), "cannot read secret_file /nowhere/x"),
        (HOOK.replace("github", "standard"), "are base64"),
        (HOOK + "tolerance_seconds = 0", "from 1 to 86400"),
        (HOOK + "delivery_field = 1", "delivery_field is a text"),
        (HOOK.replace("github", "hmac") + 'hmac = { delivery_header = "X-Id" }', "delivery_header is not signed"),
        (HOOK + "events = [1]", "events is a text, or a list of texts"),
        (HOOK + "parameters = { day = 1 }", "day is a text"),
        (HOOK + 'hmac = { header = "X" }', 'belongs to signature = "hmac"'),
        (HOOK.replace('"github"', '"hmac"') + 'hmac = { algorithm = "md5" }', "algorithm is one of"),
    ],
)
def test_what_is_wrong_is_told_with_its_hook(text: str, says: str) -> None:
    with pytest.raises(SettingsError, match=says) as caught:
        read(text)

    assert caught.value.message.startswith("--webhooks-file")
    assert "s3cret" not in caught.value.message


def test_the_server_reads_them_at_its_start_and_keeps_their_secrets_out_of_its_log(tmp_path: Path) -> None:
    (tmp_path / "hooks.toml").write_text(HOOK)

    settings = Settings.load({"home": str(tmp_path), "webhooks_file": str(tmp_path / "hooks.toml")}, ENVIRON)

    assert set(settings.http.webhooks) == {"a"}
    assert settings.secrets == ("s3cret-s3cret",)
    assert "s3cret" not in repr(settings)


@pytest.mark.parametrize(
    ("arguments", "port", "fixed"),
    [
        ({}, 4200, False),
        ({"http_port": "4200"}, 4200, True),
        ({"http_port": "0"}, 0, True),
        ({"http_port": "off"}, None, True),
        ({"port": "0"}, 0, False),
        ({"port": "0", "http_port": "4200"}, 4200, True),
    ],
)
def test_the_port_for_http(arguments: dict[str, str], port: int | None, fixed: bool) -> None:
    http = Settings.load({"home": "/srv/orch", **arguments}, {}).http

    assert (http.port, http.fixed) == (port, fixed)


@pytest.mark.parametrize("text", ["evil.example.com", "https://a.example.com/path", "*", "ftp://a"])
def test_an_origin_that_is_none_is_refused(text: str) -> None:
    with pytest.raises(SettingsError, match=r"--http-origins: .* is not an origin such as"):
        Settings.load({"home": "/srv/orch", "http_origins": f"https://ok.example.com, {text}"}, {})
