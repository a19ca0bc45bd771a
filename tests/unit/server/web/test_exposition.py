"""/metrics: the meters in Prometheus' text format."""

from orch_server.application.telemetry import Counter, Gauge, Histogram, NoTelemetry, Observation
from orch_server.web.exposition import exposition
from orch_server.web.meters import MeterTelemetry

CALLS = Counter("orch.calls", "{call}", "Calls.")
DURATION = Histogram("orch.duration", "s", "Duration.", (0.1, 1.0))
DEPTH = Gauge("orch.depth", "{run}", "Depth.")


def test_counters_histograms_and_gauges_as_prometheus_reads_them() -> None:
    meters = MeterTelemetry(NoTelemetry())
    meters.count(CALLS, **{"rpc.method": "Get", "code": "OK"})
    meters.count(CALLS, 2, **{"rpc.method": "Get", "code": "OK"})
    for seconds in (0.1, 0.5, 7.0):
        meters.record(DURATION, seconds)
    meters.observe_gauge(DEPTH, lambda: [Observation(3, {"work_pool": 'a "b"\\\n'})])

    assert exposition(meters).splitlines() == [
        "# HELP orch_calls_total Calls.",
        "# TYPE orch_calls_total counter",
        'orch_calls_total{rpc_method="Get",code="OK"} 3',
        "# HELP orch_duration_seconds Duration.",
        "# TYPE orch_duration_seconds histogram",
        'orch_duration_seconds_bucket{le="0.1"} 1',
        'orch_duration_seconds_bucket{le="1"} 2',
        'orch_duration_seconds_bucket{le="+Inf"} 3',
        "orch_duration_seconds_sum 7.6",
        "orch_duration_seconds_count 3",
        "# HELP orch_depth Depth.",
        "# TYPE orch_depth gauge",
        'orch_depth{work_pool="a \\"b\\"\\\\\\n"} 3',
    ]


def test_a_meter_has_so_many_series_and_then_one_for_all_others() -> None:
    meters = MeterTelemetry(NoTelemetry())
    for number in range(2000):
        meters.count(CALLS, pool=f"pool-{number}")
    meters.count(CALLS, pool="pool-1")

    lines = [line for line in exposition(meters).splitlines() if not line.startswith("#")]

    assert len(lines) == 1001
    assert 'orch_calls_total{pool="pool-1"} 2' in lines
    assert 'orch_calls_total{others="true"} 1000' in lines


def test_large_counts_go_on_rising() -> None:
    meters = MeterTelemetry(NoTelemetry())
    meters.count(CALLS, 123_456_789)

    assert "orch_calls_total 123456789" in exposition(meters)
