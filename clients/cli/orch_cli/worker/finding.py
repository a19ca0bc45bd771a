"""Workers by what people call them: their names, or their sessions' ids."""

from typing import TYPE_CHECKING

from orch_cli.failures import NotFound, Wrong
from orch_cli.work_pool.views import worker_status

if TYPE_CHECKING:
    from orch_client.client import Client
    from orch_proto.v1.worker_pb2 import Worker


def find_worker(orch: "Client", text: str) -> "Worker":
    """A worker by its session's id or its beginning, or by its name. Of several sessions those that are there are
    meant, and of those that are gone the newest.

    Raises NotFound, which says what there is, or Wrong where several are meant.
    """
    wanted = text.strip()
    present = all_workers(orch)
    known = _matching(present, wanted) or _matching(all_workers(orch, include_closed=True), wanted)
    found = [each for each in known if worker_status(each) in {"online", "draining"}] or known[:1]
    if len(found) == 1:
        return found[0]
    if not found:
        from orch_cli.finding import suggestion

        near = suggestion(wanted, [each.name for each in present])
        raise NotFound(f"There is no worker {text!r}.{near} `orch worker ls` lists them.")
    listed = "\n".join(f"  {each.session_id}  {each.name} (pool {each.work_pool_name})" for each in found)
    raise Wrong(f"{text!r} may be any of {len(found)} workers; name one of them by its session:\n{listed}")


def _matching(workers: "list[Worker]", text: str) -> "list[Worker]":
    return [each for each in workers if each.name == text or each.session_id.startswith(text.lower())]


def all_workers(orch: "Client", pool: str = "", *, include_closed: bool = False) -> "list[Worker]":
    """Newest session first."""
    from orch_proto.v1.worker_pb2 import Worker
    from orch_proto.v1.worker_service_pb2 import ListWorkersRequest

    request = ListWorkersRequest(work_pool_name=pool, include_closed=include_closed)
    return list(orch.items(orch.workers.ListWorkers, request, of=Worker))
