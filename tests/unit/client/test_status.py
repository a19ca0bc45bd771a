import pickle
from collections.abc import Iterable
from types import SimpleNamespace

import pytest
from google.protobuf.any_pb2 import Any as AnyMessage
from google.protobuf.duration_pb2 import Duration
from google.protobuf.message import Message
from google.rpc.error_details_pb2 import BadRequest, ErrorInfo, RetryInfo
from google.rpc.status_pb2 import Status

from orch_client.address import Address
from orch_client.errors import (
    ERRORS,
    ConflictError,
    DeadlineError,
    Failure,
    FieldViolation,
    IncompatibleServerError,
    InvalidArgumentError,
    NotFoundError,
    OrchClientError,
    ServerError,
    UnauthenticatedError,
    UnavailableError,
)
from orch_client.settings import ClientSettings
from orch_client.status import error_for, failure_of

SETTINGS = ClientSettings(address=Address("host", 4201, secure=False))


class FakeError:
    """What gRPC raises, as far as it is read."""

    def __init__(self, code: str, details: str, trailing: Iterable[tuple[str, str | bytes]] | None = ()) -> None:
        self._code, self._details, self._trailing = code, details, trailing

    def code(self) -> SimpleNamespace:
        return SimpleNamespace(name=self._code)

    def details(self) -> str:
        return self._details

    def trailing_metadata(self) -> Iterable[tuple[str, str | bytes]] | None:
        return self._trailing


def packed(*details: Message) -> bytes:
    status = Status()
    for detail in details:
        wrapped = AnyMessage()
        wrapped.Pack(detail)
        status.details.append(wrapped)
    return bytes(status.SerializeToString())


def explained(failure: Failure) -> OrchClientError:
    return error_for(failure, method="FlowRunService.GetFlowRun", settings=SETTINGS)


def test_details_are_read() -> None:
    details = packed(
        ErrorInfo(reason="INVALID_FIELD", metadata={"resource": "flow run"}),
        BadRequest(field_violations=[BadRequest.FieldViolation(field="name", description="is too long")]),
        RetryInfo(retry_delay=Duration(seconds=1, nanos=500_000_000)),
    )

    failure = failure_of(FakeError("INVALID_ARGUMENT", "no", [("x", "y"), ("grpc-status-details-bin", details)]))

    assert failure == Failure(
        code="INVALID_ARGUMENT",
        message="no",
        reason="INVALID_FIELD",
        metadata={"resource": "flow run"},
        violations=(FieldViolation("name", "is too long"),),
        retry_after_seconds=1.5,
    )


@pytest.mark.parametrize("trailing", [None, (), [("grpc-status-details-bin", b"\xff\xff")]])
def test_a_status_without_readable_details_is_still_one(trailing: list[tuple[str, str | bytes]] | None) -> None:
    assert failure_of(FakeError("INTERNAL", "bug", trailing)) == Failure(code="INTERNAL", message="bug")


@pytest.mark.parametrize(("code", "kind"), ERRORS.items())
def test_each_code_has_its_error(code: str, kind: type[OrchClientError]) -> None:
    error = explained(Failure(code=code, message="what happened", reason="WHY", metadata={"key": "a"}))

    assert type(error) is kind
    assert (str(error), error.code, error.reason, error.metadata) == ("what happened", code, "WHY", {"key": "a"})


def test_every_code_of_grpc_is_mapped() -> None:
    assert {type(explained(Failure(code=code, message=""))) for code in ("INTERNAL", "UNKNOWN", "DATA_LOSS")} == {
        ServerError
    }
    assert isinstance(explained(Failure(code="ABORTED", message="")), ConflictError)


def test_a_server_that_is_not_there_is_named_with_a_way_out() -> None:
    text = str(explained(Failure(code="UNAVAILABLE", message="connection refused")))

    assert text.startswith("Cannot reach the control plane at http://host:4201: connection refused. ")
    assert "orch server start" in text
    assert "ORCH_API_URL" in text


def test_a_failed_handshake_points_at_the_authority() -> None:
    error = explained(Failure(code="UNAVAILABLE", message="Ssl handshake failed: CERTIFICATE_VERIFY_FAILED"))

    assert isinstance(error, UnavailableError)
    assert "ORCH_TLS_CA_FILE" in str(error)


def test_what_the_control_plane_says_stands() -> None:
    failure = Failure(code="UNAVAILABLE", message="The database is away.", reason="DATABASE_UNAVAILABLE")

    assert str(explained(failure)) == "The database is away."


def test_a_missing_and_a_wrong_key_are_told_apart() -> None:
    failure = Failure(code="UNAUTHENTICATED", message="no")
    with_key = ClientSettings(address=Address("host", 4201, secure=True), api_key="k")

    assert "none was given" in str(explained(failure))
    wrong = error_for(failure, method="M", settings=with_key)
    assert isinstance(wrong, UnauthenticatedError)
    assert "does not accept this API key" in str(wrong)


def test_a_call_that_the_server_does_not_know_says_what_may_be_wrong() -> None:
    error = explained(Failure(code="UNIMPLEMENTED", message="Method not found!"))

    assert isinstance(error, IncompatibleServerError)
    assert "FlowRunService.GetFlowRun" in str(error)


def test_a_late_answer_may_have_been_work_done() -> None:
    error = explained(Failure(code="DEADLINE_EXCEEDED", message="Deadline Exceeded"))

    assert isinstance(error, DeadlineError)
    assert "may still have been carried out" in str(error)


def test_errors_can_be_pickled() -> None:
    failure = Failure(code="INVALID_ARGUMENT", message="no", violations=(FieldViolation("a", "b"),))
    error = pickle.loads(pickle.dumps(InvalidArgumentError("no", failure)))

    assert isinstance(error, InvalidArgumentError)
    assert error.violations == (FieldViolation("a", "b"),)
    assert str(error) == "no"


def test_an_error_without_a_call_has_empty_answers() -> None:
    error = NotFoundError("gone")

    assert (error.code, error.reason, error.metadata, error.retry_after_seconds) == ("", "", {}, None)
