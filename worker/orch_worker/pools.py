"""The work pool that the worker serves: found, or made where it is not there."""

import logging
from dataclasses import dataclass

from orch_client.async_client import AsyncClient
from orch_client.errors import AlreadyExistsError, NotFoundError, OrchClientError
from orch_proto.v1.work_pool_pb2 import WorkPool
from orch_proto.v1.work_pool_service_pb2 import CreateWorkPoolRequest, GetWorkPoolRequest
from orch_worker.errors import StartupError, refused_at_start
from orch_worker.patience import PASSING_AT_START, Contact

logger = logging.getLogger(__name__)

DEFAULT_TYPE = "process"


@dataclass(frozen=True, slots=True)
class WantedPool:
    """A pool, and whether it is still to be made."""

    name: str
    type: str
    exists: bool


async def find_pool(client: AsyncClient, contact: Contact, name: str, *, pool_type: str, create: bool) -> WantedPool:
    """The pool of this name. pool_type: what it must be; empty: anything, or, where it is to be made, "process".

    Waits for a control plane that is away. Raises StartupError where there is no such pool, or the key is refused.
    """
    try:
        pool = await _got(client, contact, name)
    except OrchClientError as error:
        raise refused_at_start(error) from error
    if pool is None and not create:
        raise StartupError(
            f"There is no work pool {name!r}. Create it (`orch work-pool create {name}`), or start the worker without"
            " --no-create-pool."
        )
    if pool is None:
        return WantedPool(name, pool_type or DEFAULT_TYPE, exists=False)
    _check_type(pool, pool_type)
    return WantedPool(name, pool.type, exists=True)


async def ensure_pool(client: AsyncClient, contact: Contact, wanted: WantedPool) -> None:
    """Make the pool where it is not there: once it is certain that this worker can serve it. Raises StartupError."""
    if wanted.exists:
        return
    request = CreateWorkPoolRequest(work_pool=WorkPool(name=wanted.name, type=wanted.type))
    try:
        await contact.patiently(
            "CreateWorkPool", lambda: client.work_pools.CreateWorkPool(request), passing=PASSING_AT_START
        )
    except AlreadyExistsError:
        # Another worker was faster.
        await find_pool(client, contact, wanted.name, pool_type=wanted.type, create=False)
    except OrchClientError as error:
        raise refused_at_start(error) from error
    else:
        logger.info("work pool created", extra={"pool": wanted.name, "type": wanted.type})


def _check_type(pool: WorkPool, pool_type: str) -> None:
    if pool_type and pool.type != pool_type:
        raise StartupError(
            f"Work pool {pool.name!r} is of type {pool.type!r}, not {pool_type!r}. Start the worker without --type, or"
            " for another pool."
        )


async def _got(client: AsyncClient, contact: Contact, name: str) -> WorkPool | None:
    request = GetWorkPoolRequest(name=name)
    try:
        answer = await contact.patiently(
            "GetWorkPool", lambda: client.work_pools.GetWorkPool(request), passing=PASSING_AT_START
        )
    except NotFoundError:
        return None
    return answer.work_pool
