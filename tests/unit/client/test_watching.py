from orch_client.errors import Failure
from orch_client.methods import rule_for
from orch_client.retry import RetryRule
from orch_client.watching import WatchPosition
from orch_proto.v1.flow_run_pb2 import FlowRun
from orch_proto.v1.flow_run_service_pb2 import WatchFlowRunRequest, WatchFlowRunResponse
from orch_proto.v1.log_service_pb2 import WatchLogsRequest, WatchLogsResponse
from orch_proto.v1.worker_service_pb2 import WatchSessionRequest, WatchSessionResponse

AWAY = Failure(code="UNAVAILABLE", message="away")
RETRY = RetryRule(first_delay_seconds=1, max_delay_seconds=8, watch_patience_seconds=100)


def version(number: int) -> WatchFlowRunResponse:
    return WatchFlowRunResponse(flow_run=FlowRun(version=number))


def watch_run(after_version: int = 0) -> WatchPosition[WatchFlowRunRequest]:
    rule = rule_for("/orch.v1.FlowRunService/WatchFlowRun")
    request = WatchFlowRunRequest(flow_run_id="r", after_version=after_version)
    return WatchPosition(request, rule=rule, retry=RETRY, timeout_seconds=10)


def watch_logs() -> WatchPosition[WatchLogsRequest]:
    request = WatchLogsRequest(flow_run_id="r")
    return WatchPosition(request, rule=rule_for("/orch.v1.LogService/WatchLogs"), retry=RETRY, timeout_seconds=10)


def seconds_until_given_up(watch: WatchPosition[WatchFlowRunRequest], *, start: float) -> float:
    now = start
    while True:
        watch.opened(now)
        delay = watch.broken(AWAY, now=now, chance=0.5)
        if delay is None:
            return now - start
        now += delay


def test_a_watch_resumes_after_the_last_version() -> None:
    watch = watch_run()

    assert [watch.heard(version(number)) for number in (1, 4)] == [True, True]
    assert watch.opened(0) == WatchFlowRunRequest(flow_run_id="r", after_version=4)


def test_what_was_seen_before_is_dropped() -> None:
    watch = watch_run(after_version=3)

    assert [watch.heard(version(number)) for number in (3, 2, 4, 4, 5)] == [False, False, True, False, True]


def test_a_watch_of_logs_resumes_at_the_last_token() -> None:
    watch = watch_logs()

    assert watch.heard(WatchLogsResponse(resume_token="t1"))
    assert watch.heard(WatchLogsResponse())
    assert watch.opened(0).resume_token == "t1"


def test_hints_are_simply_asked_for_again() -> None:
    rule = rule_for("/orch.v1.WorkerService/WatchSession")
    request = WatchSessionRequest(session_id="s")
    watch = WatchPosition(request, rule=rule, retry=RETRY, timeout_seconds=10)

    assert watch.heard(WatchSessionResponse())
    assert watch.heard(WatchSessionResponse())
    assert watch.opened(0) == request


def test_the_callers_request_is_left_alone() -> None:
    request = WatchFlowRunRequest(flow_run_id="r")
    rule = rule_for("/orch.v1.FlowRunService/WatchFlowRun")
    watch = WatchPosition(request, rule=rule, retry=RETRY, timeout_seconds=10)

    watch.heard(version(3))

    assert request == WatchFlowRunRequest(flow_run_id="r")


def test_a_watch_that_never_was_connected_has_the_usual_time() -> None:
    assert 5 < seconds_until_given_up(watch_run(), start=1000) < 10


def test_a_watch_that_was_connected_is_patient() -> None:
    watch = watch_run()
    watch.heard(version(1))

    assert 90 < seconds_until_given_up(watch, start=1000) < 100


def test_a_stream_that_lived_in_silence_was_connected() -> None:
    watch = watch_run()
    for hour in range(1, 5):
        watch.opened((hour - 1) * 3600.0)
        assert watch.broken(AWAY, now=hour * 3600.0, chance=1.0) == 1.0


def test_delays_grow_until_something_is_heard() -> None:
    watch = watch_run()
    watch.heard(version(1))

    assert [watch.broken(AWAY, now=0, chance=1.0) for _ in range(3)] == [1, 2, 4]
    watch.heard(version(2))
    assert watch.broken(AWAY, now=0, chance=1.0) == 1


def test_a_refusal_stands() -> None:
    assert watch_run().broken(Failure(code="NOT_FOUND", message="no such run"), now=0, chance=0) is None


def test_a_stream_that_the_contract_does_not_know_is_not_opened_again() -> None:
    rule = rule_for("/other.v1.Service/Stream")
    watch = WatchPosition(WatchFlowRunRequest(), rule=rule, retry=RETRY, timeout_seconds=10)

    assert watch.heard(version(1))
    assert watch.broken(AWAY, now=0, chance=0) is None
