"""Orch's main job, end to end: `make demo`.

Starts a control plane and two workers, deploys an ETL of several flows (orch.yaml), and runs it: from a local HTTP API
with a real dataset into a PostgreSQL of its own. Half-way the machine of one worker "dies": worker and run are killed.
The run goes on with the other worker, where it was. Then it says where to look, and stays until Ctrl-C, which leaves
nothing behind.

    python examples/demo/demo.py             # what `make demo` runs
    python examples/demo/demo.py --no-stay   # ends by itself
"""

import json
import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

from installation import Installation, installation
from orch_client import Client, connect
from orch_proto.v1.flow_run_service_pb2 import GetFlowRunRequest, ListFlowRunStatesRequest
from orch_proto.v1.lease_pb2 import LeaseInfo
from orch_proto.v1.lease_service_pb2 import ListLeasesRequest
from orch_proto.v1.state_pb2 import StateChange
from warehouse import warehouse
from weather_service import WeatherService

YEARS = [2012, 2013, 2014, 2015]
MONTHS = 48
MONTHS_BEFORE_THE_KILL = 18
PAUSE_SECONDS = 0.1
"""After each month: slow enough to look at."""


def main() -> int:
    """Run the demo; returns the exit code."""
    try:
        with ExitStack() as stack:
            service = stack.enter_context(_serving())
            database = stack.enter_context(warehouse())
            # Here, since the warehouse has ideas of its own about signals.
            for number in (signal.SIGINT, signal.SIGTERM):
                signal.signal(number, signal.default_int_handler)
            house = stack.enter_context(installation({"WEATHER_SERVICE": service.url, "WAREHOUSE": database}))
            _show(house, service)
            if "--no-stay" not in sys.argv[1:]:
                _say("Everything still runs. Ctrl-C ends it and leaves nothing behind.")
                signal.pause()
    except KeyboardInterrupt:
        _say("Ended: no process and no file is left.")
    return 0


@contextmanager
def _serving() -> Iterator[WeatherService]:
    service = WeatherService()
    threading.Thread(target=service.serve_forever, daemon=True).start()
    try:
        yield service
    finally:
        service.shutdown()
        service.server_close()


def _show(house: Installation, service: WeatherService) -> None:
    _say(f"The screen, for a browser of this machine: {house.screen_url}")
    _say("A pool, two workers, and three deployments: orch.yaml in examples/demo, its flows in flows.py.")
    house.orch("work-pool", "create", "demo", "--type", "process", "--lease-ttl", "3s")
    for name in ("ada", "bert"):
        house.start_worker(name)
    house.orch("deploy", "--all", "--yes")
    _kill_and_recover(house, service)
    _say("Another flow checks what was written; and any program is a flow.")
    house.orch("run", "weather-audit/hourly", "--watch")
    house.orch("run", "disk-space/shell", "--watch")
    _say("What has run, and when it will run again:")
    house.orch("flow-run", "ls")
    house.orch("schedule", "ls")


def _kill_and_recover(house: Installation, service: WeatherService) -> None:
    _say("The ETL: four years, month by month; each month one fetch, one transformation, one load.")
    parameters = ("--param", f"years={json.dumps(YEARS)}", "--param", f"pause_seconds={PAUSE_SECONDS}")
    run_id = house.orch("run", "weather-etl/nightly", *parameters, "-o", "id", quiet=True).strip()
    with connect(house.url) as client, house.started("flow-run", "watch", run_id):
        service.wait_for(MONTHS_BEFORE_THE_KILL)
        [lease] = client.items(client.leases.ListLeases, ListLeasesRequest(flow_run_id=run_id), of=LeaseInfo)
        _say(f"Now the machine of {lease.worker_name} dies: SIGKILL to the worker and to the run, in the middle of it.")
        house.kill_machine(lease.worker_name)
    with connect(house.url) as client:
        _tell(client, run_id, service)
    house.start_worker(lease.worker_name)
    _say(f"Where to look, in a browser: {house.screen_url}/runs/{run_id}")
    _say("Or in another terminal:")
    orch = house.orch_command
    print(f"    export ORCH_API_URL={house.url}")
    print(f"    {orch} flow-run inspect {run_id}")
    print(f"    {orch} flow-run logs {run_id}")
    print(f"    {orch} worker ls")
    print(f"    {orch} doctor")


def _tell(client: Client, run_id: str, service: WeatherService) -> None:
    """The run's history, and what the kill has cost."""
    run = client.flow_runs.GetFlowRun(GetFlowRunRequest(flow_run_id=run_id)).flow_run
    _say("The run's history:")
    changes = client.items(
        client.flow_runs.ListFlowRunStates, ListFlowRunStatesRequest(flow_run_id=run_id), of=StateChange
    )
    for change in changes:
        print(f"    {change.state.name:<16} token {change.token}  {change.state.message}")
    print(f"    Its result: {run.result.data.decode()}")
    print(
        f"    {MONTHS} months were fetched in {service.answered.total()} requests: at most one month was fetched again."
    )


def _say(text: str) -> None:
    print(f"\n── {text}", flush=True)


if __name__ == "__main__":
    sys.exit(main())
