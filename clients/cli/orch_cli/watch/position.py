"""How far a reader is in a run's log, so that what is there and what comes are told once each."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from orch_client.client import Client
    from orch_proto.v1.log_pb2 import LogEntry
    from orch_proto.v1.log_service_pb2 import LogFilter

_PAGE = 10_000


class LogPosition:
    """Where a reader is in the log of one run, with one filter."""

    def __init__(self) -> None:
        """At its beginning."""
        self.token = ""
        """What a watch resumes from."""
        self._seen: dict[str, int] = {}

    def new(self, entries: "Iterable[LogEntry]") -> "list[LogEntry]":
        """Those of some entries that were not seen yet; from now on they were."""
        found = []
        for entry in entries:
            if entry.offset > self._seen.get(entry.stream, -1):
                self._seen[entry.stream] = entry.offset
                found.append(entry)
        return found

    def stored(self, orch: "Client", flow_run_id: str, chosen: "LogFilter | None" = None) -> "Iterator[list[LogEntry]]":
        """The lines that are there now, page by page. Raises errors of orch_client."""
        from orch_proto.v1.log_service_pb2 import ListLogsRequest

        request = ListLogsRequest(flow_run_id=flow_run_id, filter=chosen, page_size=_PAGE)
        for page in orch.pages(orch.logs.ListLogs, request):
            yield self.new(page.entries)
            self.token = page.resume_token

    def last(self, orch: "Client", flow_run_id: str, count: int, chosen: "LogFilter | None" = None) -> "list[LogEntry]":
        """The last lines of those that are there now, so many at most. Raises errors of orch_client."""
        from orch_proto.v1.log_service_pb2 import ListLogsRequest

        size = min(max(count, 1), _PAGE)
        request = ListLogsRequest(flow_run_id=flow_run_id, filter=chosen, page_size=size, newest_first=True)
        found: list[LogEntry] = []
        for page in orch.pages(orch.logs.ListLogs, request):
            self.token = page.resume_token or self.token
            found.extend(page.entries)
            if len(found) >= count:
                break
        return self.new(reversed(found[:count]))

    def skip_stored(self, orch: "Client", flow_run_id: str) -> None:
        """Go to the end of what is there."""
        self.last(orch, flow_run_id, 0)
