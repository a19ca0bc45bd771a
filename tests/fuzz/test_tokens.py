"""Page tokens, and the tokens that logs and changes are gone on with: ours, or refused."""

import base64
import json
from collections.abc import Callable
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orch_server.application.errors import InvalidArgument
from orch_server.application.log_pages import Position, decode_positions, encode_positions
from orch_server.application.pages import (
    PageRequest,
    after_number,
    decode_token,
    encode_token,
    id_key,
    moment_key,
)
from tests.fuzz.fuzzing import fuzzed, refusal
from tests.fuzz.mutations import mutated

SCOPE = "flow runs of etl"
ID = UUID("0198c1c2-7a3b-7c11-9a55-3f5b8f0c2d11")
KEYS: tuple[list[str | int], ...] = ([str(ID)], [1_790_000_000_000_000, str(ID)], [7], ["etl"], [3, "etl"])
TOKENS = [encode_token(SCOPE, key) for key in KEYS]
LOG_TOKEN = encode_positions(SCOPE, {"stdout": Position(10, 2), "worker": Position(0)})

READERS: list[Callable[[PageRequest], object]] = [id_key, moment_key, after_number]
numbers = st.integers(-(2**70), 2**70)
parts = st.one_of(numbers, st.text(max_size=40), st.none(), st.booleans(), st.floats(), st.lists(numbers, max_size=2))


def _decoded(token: str) -> bytes:
    return base64.urlsafe_b64decode(token + "=" * (-len(token) % 4))


def forged(*scopes: str) -> st.SearchStrategy[str]:
    """Tokens whose digest is right and whose key may be anything: whoever has one token can make them."""
    digests = [json.loads(_decoded(encode_token(scope, [])))[0] for scope in scopes]
    return st.builds(
        lambda digest, key: base64.urlsafe_b64encode(json.dumps([digest, key]).encode()).decode().rstrip("="),
        st.sampled_from(digests),
        st.one_of(st.lists(parts, max_size=6), parts, st.dictionaries(st.text(max_size=3), numbers, max_size=2)),
    )


tokens = st.one_of(mutated([*TOKENS, LOG_TOKEN], ["=", "/", "+", "A" * 20_000]), forged(SCOPE, "another list"))


@pytest.mark.parametrize("read", READERS)
@fuzzed(100)
@given(token=tokens)
def test_a_token_is_read_or_refused(read: Callable[[PageRequest], object], token: str) -> None:
    request = PageRequest(10, token, SCOPE)

    error = refusal(lambda: read(request), InvalidArgument)

    if error is None:
        assert (read(request) is None) == (token == "")
    else:
        assert (error.reason, error.violations[0].field) == ("FOREIGN_PAGE_TOKEN", "page_token")


@fuzzed(100)
@given(tokens)
def test_a_log_token_is_read_or_refused(token: str) -> None:
    error = refusal(lambda: decode_positions(SCOPE, token, "resume_token"), InvalidArgument)

    if error is None:
        positions = decode_positions(SCOPE, token, "resume_token")
        assert decode_positions(SCOPE, encode_positions(SCOPE, positions), "resume_token") == positions
    else:
        assert (error.reason, error.violations[0].field) == ("FOREIGN_PAGE_TOKEN", "resume_token")


@fuzzed(100)
@given(st.lists(st.one_of(st.integers(-(2**63), 2**63 - 1), st.text(max_size=20).filter(lambda t: "\0" not in t))))
def test_what_was_given_out_is_read_back(key: list[str | int]) -> None:
    try:
        assert decode_token(SCOPE, encode_token(SCOPE, key)) == key
    except InvalidArgument:
        assert any(isinstance(part, str) and not part.isascii() for part in key), "half characters only"


@fuzzed(10)
@given(st.sampled_from(TOKENS))
def test_a_token_of_another_list_is_refused(token: str) -> None:
    with pytest.raises(InvalidArgument):
        decode_token("another list", token)
