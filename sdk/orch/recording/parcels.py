"""Requests on their way: one request is a parcel, parcels that may travel at once are a wave."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import IntEnum
from typing import TypeAlias

from orch.recording.tracking import RunKey
from orch_proto.v1.flow_run_service_pb2 import UpdateFlowRunRequest
from orch_proto.v1.lease_service_pb2 import (
    AdoptLeaseRequest,
    ReportRunsRequest,
    ResumeFlowRunRequest,
    StartFlowRunRequest,
)
from orch_proto.v1.log_service_pb2 import AppendLogsRequest
from orch_proto.v1.task_run_service_pb2 import ReportTaskRunsRequest

Request: TypeAlias = (
    StartFlowRunRequest
    | ResumeFlowRunRequest
    | AdoptLeaseRequest
    | ReportTaskRunsRequest
    | AppendLogsRequest
    | ReportRunsRequest
    | UpdateFlowRunRequest
)


class Kind(IntEnum):
    """What a parcel holds. The numbers are written to disk."""

    START = 1
    RESUME = 2
    ADOPT = 3
    TASKS = 4
    LOGS = 5
    REPORTS = 6
    NAME = 7


MESSAGES: Mapping[Kind, type[Request]] = {
    Kind.START: StartFlowRunRequest,
    Kind.RESUME: ResumeFlowRunRequest,
    Kind.ADOPT: AdoptLeaseRequest,
    Kind.TASKS: ReportTaskRunsRequest,
    Kind.LOGS: AppendLogsRequest,
    Kind.REPORTS: ReportRunsRequest,
    Kind.NAME: UpdateFlowRunRequest,
}
BEGINNINGS = frozenset({Kind.START, Kind.RESUME, Kind.ADOPT})


@dataclass(slots=True, eq=False)
class Parcel:
    """One request."""

    kind: Kind
    request: Request
    start_ns: int = 0
    """START: when the run began; nanoseconds since 1970."""

    @property
    def item_count(self) -> int:
        """How many reports or lines it holds; 1 for a run that begins."""
        match self.request:
            case ReportTaskRunsRequest() | ReportRunsRequest():
                return len(self.request.reports)
            case AppendLogsRequest():
                return len(self.request.records)
            case _:
                return 1

    def grants(self) -> Iterator[RunKey]:
        """The grants that it writes under. A name is no holder's: it belongs to the run."""
        match self.request:
            case ReportRunsRequest():
                yield from (RunKey(each.flow_run_id, each.token) for each in self.request.reports)
            case ReportTaskRunsRequest() | AppendLogsRequest() | AdoptLeaseRequest():
                yield RunKey(self.request.flow_run_id, self.request.token)
            case ResumeFlowRunRequest():
                yield RunKey(self.request.flow_run_id, self.request.expected_token + 1)
            case StartFlowRunRequest():
                yield RunKey(self.request.flow_run_id, 1)
            case UpdateFlowRunRequest():
                yield RunKey(self.request.flow_run.flow_run_id, 0)

    def halves(self) -> "tuple[Parcel, Parcel] | None":
        """The same news in two parcels, in their order; None for a parcel of one."""
        if self.item_count < 2:
            return None
        match self.request:
            case AppendLogsRequest() as request:
                first, second = _halved_logs(request)
            case ReportTaskRunsRequest() as request:
                first, second = _halved_tasks(request)
            case ReportRunsRequest() as request:
                middle = len(request.reports) // 2
                first = ReportRunsRequest(reports=request.reports[:middle])
                second = ReportRunsRequest(reports=request.reports[middle:])
            case _:
                return None
        return Parcel(self.kind, first), Parcel(self.kind, second)


def _halved_logs(request: AppendLogsRequest) -> tuple[Request, Request]:
    middle = len(request.records) // 2
    first, second = (
        AppendLogsRequest(
            flow_run_id=request.flow_run_id,
            token=request.token,
            stream=request.stream,
            offset=request.offset + offset,
            records=records,
        )
        for offset, records in ((0, request.records[:middle]), (middle, request.records[middle:]))
    )
    return first, second


def _halved_tasks(request: ReportTaskRunsRequest) -> tuple[Request, Request]:
    middle = len(request.reports) // 2
    first, second = (
        ReportTaskRunsRequest(flow_run_id=request.flow_run_id, token=request.token, reports=reports)
        for reports in (request.reports[:middle], request.reports[middle:])
    )
    return first, second


@dataclass(slots=True, eq=False)
class Wave:
    """Parcels that do not wait for each other. The next wave is sent when all of them are answered."""

    parcels: list[Parcel]
    number: int = 0
    """Rises from wave to wave; given by the outbox."""

    @property
    def item_count(self) -> int:
        """Of all parcels."""
        return sum(parcel.item_count for parcel in self.parcels)

    @property
    def size_bytes(self) -> int:
        """Of all requests, serialised. Takes about as long as serialising them."""
        return sum(parcel.request.ByteSize() for parcel in self.parcels)
