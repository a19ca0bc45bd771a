from orch_server.domain.results import MAX_INLINE_BYTES, Result


def test_a_result_is_a_value() -> None:
    inline = Result(data=b"42", uri="", media_type="application/json", size_bytes=2)

    assert inline == Result(b"42", "", "application/json", 2)
    assert hash(inline) == hash(Result(b"42", "", "application/json", 2))


def test_inline_results_fit_into_a_message() -> None:
    assert MAX_INLINE_BYTES == 512 * 1024
