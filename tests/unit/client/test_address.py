import pytest

from orch_client.address import Address
from orch_client.errors import ConfigurationError


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("http://127.0.0.1:4201", Address("127.0.0.1", 4201, secure=False)),
        ("https://orch.example.com:443", Address("orch.example.com", 443, secure=True)),
        ("HTTPS://Orch.Example.com:443/", Address("orch.example.com", 443, secure=True)),
        ("orch_server:4201", Address("orch_server", 4201, secure=None)),
        ("  http://localhost:4201\n", Address("localhost", 4201, secure=False)),
        ("http://[::1]:4201", Address("::1", 4201, secure=False)),
        ("[2001:db8::7]:4201", Address("2001:db8::7", 4201, secure=None)),
    ],
)
def test_an_address_is_read(text: str, expected: Address) -> None:
    assert Address.parse(text) == expected


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "is empty"),
        ("http://", "names no host"),
        ("http://host", "names no port. Write it as http://host:4201."),
        ("host", "names no port. Write it as host:4201."),
        ("host:port", "its port is not a number from 1 to 65535"),
        ("host:0", "its port is not a number"),
        ("host:65536", "its port is not a number"),
        ("grpc://host:4201", "'grpc' is neither http nor https. Write it as http://host:4201"),
        ("http://host:4200/api", "gRPC knows no paths, and it ends in '/api'. Write it without '/api'."),
        ("http://host:4201?a=b", "gRPC knows no paths"),
        ("::1:4201", "IPv6 addresses need brackets"),
        ("http://[::zz]:4201", "it cannot be read"),
        ("http://[::1:4201", "it cannot be read"),
        ("http://my host:4201", "'my host' is not a host name"),
        ("http://-:4201", "'-' is not a host name"),
    ],
)
def test_a_wrong_address_is_told_what_to_write(text: str, says: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        Address.parse(text)

    assert says in str(caught.value)


def test_an_address_with_a_password_is_refused_without_repeating_it() -> None:
    with pytest.raises(ConfigurationError) as caught:
        Address.parse("http://me:s3cret@host:4201")

    assert "ORCH_API_KEY" in str(caught.value)
    assert "s3cret" not in str(caught.value)


@pytest.mark.parametrize(
    ("host", "loopback"),
    [
        ("127.0.0.1", True),
        ("127.8.8.8", True),
        ("::1", True),
        ("localhost", True),
        ("LOCALHOST.", True),
        ("10.0.0.1", False),
        ("localhost.example.com", False),
        ("0.0.0.0", False),
    ],
)
def test_loopback_is_this_machine_alone(host: str, loopback: bool) -> None:
    assert Address(host, 4201).loopback is loopback


def test_the_target_of_ipv6_has_brackets() -> None:
    assert Address("::1", 4201).target == "[::1]:4201"
    assert Address("host", 4201).target == "host:4201"
