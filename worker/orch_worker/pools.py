"""The work pool that the worker serves: found, or made where it is not there."""

import logging

from orch_client.async_client import AsyncClient
from orch_client.errors import AlreadyExistsError, NotFoundError, OrchClientError
from orch_proto.v1.work_pool_pb2 import WorkPool
from orch_proto.v1.work_pool_service_pb2 import CreateWorkPoolRequest, GetWorkPoolRequest
from orch_worker.errors import StartupError
from orch_worker.launchers.loading import launcher_factory
from orch_worker.patience import PASSING_AT_START, Contact

logger = logging.getLogger(__name__)

DEFAULT_TYPE = "process"


async def find_pool(client: AsyncClient, contact: Contact, name: str, *, pool_type: str, create: bool) -> WorkPool:
    """The pool of this name. pool_type: what it must be; empty: anything, or, where it is made, "process".

    Waits for a control plane that is away. Raises StartupError where there is no such pool, or the key is refused.
    """
    try:
        pool = await _got(client, contact, name)
        if pool is None and create:
            # A type that nothing here can serve is a slip of the pen, most likely: no pool is made of it.
            launcher_factory(name, pool_type or DEFAULT_TYPE)
            pool = await _made(client, contact, name, pool_type or DEFAULT_TYPE)
    except OrchClientError as error:
        raise StartupError(error.message) from error
    if pool is None:
        raise StartupError(
            f"There is no work pool {name!r}. Create it (`orch work-pool create {name}`), or start the worker without"
            " --no-create-pool."
        )
    if pool_type and pool.type != pool_type:
        raise StartupError(
            f"Work pool {name!r} is of type {pool.type!r}, not {pool_type!r}. Start the worker without --type, or for"
            " another pool."
        )
    return pool


async def _got(client: AsyncClient, contact: Contact, name: str) -> WorkPool | None:
    request = GetWorkPoolRequest(name=name)
    try:
        answer = await contact.patiently(
            "GetWorkPool", lambda: client.work_pools.GetWorkPool(request), passing=PASSING_AT_START
        )
    except NotFoundError:
        return None
    return answer.work_pool


async def _made(client: AsyncClient, contact: Contact, name: str, pool_type: str) -> WorkPool | None:
    request = CreateWorkPoolRequest(work_pool=WorkPool(name=name, type=pool_type))
    try:
        answer = await contact.patiently(
            "CreateWorkPool", lambda: client.work_pools.CreateWorkPool(request), passing=PASSING_AT_START
        )
    except AlreadyExistsError:
        # Another worker was faster.
        return await _got(client, contact, name)
    logger.info("work pool created", extra={"pool": name, "type": pool_type})
    return answer.work_pool
