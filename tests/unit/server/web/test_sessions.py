"""Sessions of people: who signed them, and how long they last."""

import pytest

from orch_server.application.api_keys import ApiKeys
from orch_server.web.sessions import LIFETIME_SECONDS, Sessions


class Hands:
    """A clock's."""

    def __init__(self) -> None:
        self.now = 1_700_000_000.0

    def __call__(self) -> float:
        return self.now


def begun(sessions: Sessions, key: str = "one") -> str:
    """What the browser sends back."""
    header = sessions.begin(key)
    assert header is not None
    return header.partition(";")[0]


def test_every_server_with_the_key_knows_it_until_its_time_is_over() -> None:
    clock = Hands()
    keys = ApiKeys(["one", "two"])
    cookie = begun(Sessions(keys, port=4200, secure=False, now=clock))
    other = Sessions(ApiKeys(["two", "one"]), port=4200, secure=False, now=clock)

    assert other.knows(cookie)
    assert other.knows(f"theme=dark; {cookie}; a=b")
    clock.now += LIFETIME_SECONDS
    assert not other.knows(cookie)


@pytest.mark.parametrize("others", ['a={"x": 1}', "b c=2", "x@y=1", "\u00e9=1", "=", "flag", 'q="open', "a=b=c"])
def test_other_programs_cookies_do_not_hide_it(others: str) -> None:
    """Cookies are of a host, with all its ports."""
    sessions = Sessions(ApiKeys(["one"]), port=4200, secure=False)
    cookie = begun(sessions)

    assert sessions.knows(f"{others}; {cookie}")
    assert sessions.knows(f"{cookie};{others}")
    assert not sessions.knows(f"{others}; x{cookie}")


def test_a_key_that_is_taken_away_takes_its_sessions_along() -> None:
    keys = Sessions(ApiKeys(["one", "two"]), port=4200, secure=False)
    ones, twos = begun(keys, "one"), begun(keys, "two")

    later = Sessions(ApiKeys(["two"]), port=4200, secure=False)

    assert [later.knows(each) for each in (ones, twos)] == [False, True]


def test_a_key_is_no_session_and_another_port_has_its_own() -> None:
    sessions = Sessions(ApiKeys(["one"]), port=4200, secure=False)
    name = sessions.cookie

    for forged in ("", "one", "9999999999.x.", f"9999999999.x.{'A' * 43}", "\u0663.x.y", "a" * 100_000):
        assert not sessions.knows(f"{name}={forged}")
    assert Sessions(ApiKeys(["one"]), port=4201, secure=False).cookie != name


def test_over_tls_the_cookie_never_travels_in_the_open() -> None:
    header = Sessions(ApiKeys(["one"]), port=4200, secure=True).begin("one")

    assert header is not None
    assert header.startswith("__Host-orch_session_4200=")
    assert "; Secure" in header
