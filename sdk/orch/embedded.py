"""The control plane inside this process: the server's use cases over SQLite under ORCH_HOME, without a socket.

The one place where the SDK meets the server's package.
"""

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from orch_proto.v1.log_service_pb2 import AppendLogsRequest, AppendLogsResponse
    from orch_server.embedded import EmbeddedPlane

TARGET = "home"
"""Names the control plane of a home, whoever serves it."""
_SYNC_SECONDS = 1.0
"""Nobody sends hints here: a cancel comes with a heartbeat."""


async def open_embedded(home: Path) -> "EmbeddedTransport":
    """Open the database of a home, and make it where there is none. Raises errors of `orch_client`."""
    from orch_server.embedded import open_embedded as open_plane

    return EmbeddedTransport(await open_plane(home), where=f"the control plane in this process ({home})")


class EmbeddedTransport:
    """See `orch.recording.transport.Transport`."""

    target = TARGET
    longest_sync_seconds = _SYNC_SECONDS
    hint_after_seconds = 1.0

    def __init__(self, plane: "EmbeddedPlane", *, where: str) -> None:
        """Hands each call to the method of the plane that has its name."""
        self.where = where
        self.start_flow_run = plane.start_flow_run
        self.resume_flow_run = plane.resume_flow_run
        self.adopt_lease = plane.adopt_lease
        self.sync_leases = plane.sync_leases
        self.report_runs = plane.report_runs
        self.report_task_runs = plane.report_task_runs
        self._append_logs = plane.append_logs
        self.get_log_offset = plane.get_log_offset
        self.update_flow_run = plane.update_flow_run
        self.get_flow_run = plane.get_flow_run
        self.list_flow_runs = plane.list_flow_runs
        self.get_task_run = plane.get_task_run
        self.list_task_runs = plane.list_task_runs
        self.list_leases = plane.list_leases
        self.close = plane.close

    async def append_logs(self, request: "AppendLogsRequest", /) -> "AppendLogsResponse":
        """Append lines. The plane takes its request apart; ours may have to be sent again."""
        copy = type(request)()
        copy.CopyFrom(request)
        return await self._append_logs(copy)

    async def hint(self, flow_run_id: str) -> None:
        """Nobody sends hints here."""
        await asyncio.Event().wait()
