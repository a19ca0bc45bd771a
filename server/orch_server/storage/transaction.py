"""One transaction on a connection: rows by resource, the database's clock, topics to announce after the commit."""

from datetime import datetime
from functools import cached_property
from typing import TYPE_CHECKING

from sqlalchemy import Connection

from orch_server.application.ports import Topic
from orch_server.storage.fences import SqlFences
from orch_server.storage.flow_runs import SqlFlowRuns
from orch_server.storage.flows import SqlFlows
from orch_server.storage.leases import SqlLeases
from orch_server.storage.requests import SqlRequests
from orch_server.storage.scope import Scope

# The others are loaded when they are first used: a script that runs one flow uses few of these.
if TYPE_CHECKING:
    from orch_server.storage.background import SqlBackground
    from orch_server.storage.control_plane import SqlControlPlane
    from orch_server.storage.deployments import SqlDeployments
    from orch_server.storage.logs import SqlLogs
    from orch_server.storage.meters import SqlMeters
    from orch_server.storage.partitions import SqlPartitions
    from orch_server.storage.retention import SqlRetention
    from orch_server.storage.schedules import SqlSchedules
    from orch_server.storage.sessions import SqlSessions
    from orch_server.storage.task_runs import SqlTaskRuns
    from orch_server.storage.work_pools import SqlWorkPools
    from orch_server.storage.work_queues import SqlWorkQueues


class SqlTransaction:
    """The store's side of `application.ports.Transaction`."""

    def __init__(self, scope: Scope) -> None:
        self.topics: set[Topic] = set()
        self._scope = scope

    @property
    def connection(self) -> Connection:
        """What the statements run on, for what belongs to no resource: the schema."""
        return self._scope.connection

    @property
    def now(self) -> datetime:
        """The moment of this transaction by the database's clock."""
        return self._scope.now

    def announce(self, *topics: Topic) -> None:
        """Tell those who wait, once this transaction is committed."""
        self.topics.update(topics)

    @cached_property
    def flow_runs(self) -> SqlFlowRuns:
        """Flow runs."""
        return SqlFlowRuns(self._scope)

    @cached_property
    def leases(self) -> SqlLeases:
        """Leases."""
        return SqlLeases(self._scope)

    @cached_property
    def sessions(self) -> "SqlSessions":
        """Sessions of workers."""
        from orch_server.storage.sessions import SqlSessions

        return SqlSessions(self._scope)

    @cached_property
    def background(self) -> "SqlBackground":
        """What background services remember."""
        from orch_server.storage.background import SqlBackground

        return SqlBackground(self._scope)

    @cached_property
    def control_plane(self) -> "SqlControlPlane":
        """What tells this control plane from others."""
        from orch_server.storage.control_plane import SqlControlPlane

        return SqlControlPlane(self._scope)

    @cached_property
    def meters(self) -> "SqlMeters":
        """What gauges show."""
        from orch_server.storage.meters import SqlMeters

        return SqlMeters(self._scope)

    @cached_property
    def fences(self) -> SqlFences:
        """Where runs stand, for what their holders write beside them."""
        return SqlFences(self._scope)

    @cached_property
    def task_runs(self) -> "SqlTaskRuns":
        """Task runs."""
        from orch_server.storage.task_runs import SqlTaskRuns

        return SqlTaskRuns(self._scope)

    @cached_property
    def logs(self) -> "SqlLogs":
        """Logs."""
        from orch_server.storage.logs import SqlLogs

        return SqlLogs(self._scope)

    @cached_property
    def retention(self) -> "SqlRetention":
        """What is old enough to go."""
        from orch_server.storage.retention import SqlRetention

        return SqlRetention(self._scope)

    @cached_property
    def partitions(self) -> "SqlPartitions":
        """Postgres' partitions by day."""
        from orch_server.storage.partitions import SqlPartitions

        return SqlPartitions(self._scope)

    @cached_property
    def requests(self) -> SqlRequests:
        """Answered requests."""
        return SqlRequests(self._scope)

    @cached_property
    def flows(self) -> SqlFlows:
        """Flows."""
        return SqlFlows(self._scope)

    @cached_property
    def work_pools(self) -> "SqlWorkPools":
        """Work pools."""
        from orch_server.storage.work_pools import SqlWorkPools

        return SqlWorkPools(self._scope)

    @cached_property
    def work_queues(self) -> "SqlWorkQueues":
        """Work queues."""
        from orch_server.storage.work_queues import SqlWorkQueues

        return SqlWorkQueues(self._scope)

    @cached_property
    def deployments(self) -> "SqlDeployments":
        """Deployments and their versions."""
        from orch_server.storage.deployments import SqlDeployments

        return SqlDeployments(self._scope)

    @cached_property
    def schedules(self) -> "SqlSchedules":
        """Schedules."""
        from orch_server.storage.schedules import SqlSchedules

        return SqlSchedules(self._scope)
