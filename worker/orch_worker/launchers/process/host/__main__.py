"""`python -m orch_worker.launchers.process.host`: starts a host, which leaves its starter.

Prints a line of JSON, {"ready": true} or {"failure": why}, closes its output, and serves on.
"""

import argparse
import atexit
import fcntl
import gc
import importlib
import io
import json
import os
import socket
import sys
import threading
import traceback
import types
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import NoReturn

from orch_worker.launchers.process.addresses import AddressError, socket_address
from orch_worker.launchers.process.host.hosting import Host
from orch_worker.launchers.process.host.starting import BecameRunError
from orch_worker.launchers.process.loaded import loaded_sources
from orch_worker.launchers.process.orders import Order

_IMPORTING = (__file__, importlib.__file__, "<frozen importlib")
LOCK = "lock"
SOCKET = "socket"


class HostStartError(Exception):
    """The host cannot start. The text says why."""


def main() -> None:
    """Serve until nobody needs it. In the forks that it makes, run what was ordered."""
    arguments = _parsed()
    folder = Path(arguments.folder)
    starter = _starter()
    try:
        host = _started(folder, arguments.warm, arguments.preload, arguments.path)
    except HostStartError as error:
        _tell(starter, {"failure": str(error)})
        sys.exit(1)
    if host is None:
        return
    _tell(starter, {"ready": True})
    order = _served(host)
    if order is None:
        # Whoever connects from here on finds nobody, and starts another host.
        (folder / SOCKET).unlink(missing_ok=True)
        return
    del host
    _run(order)


def _parsed() -> argparse.Namespace:
    parser = argparse.ArgumentParser()
    parser.add_argument("--folder", required=True)
    parser.add_argument("--warm", action="append", default=[], help="a module that should be loaded, if it is there")
    parser.add_argument("--preload", action="append", default=[], help="a module that must be loaded")
    parser.add_argument("--path", action="append", default=[], help="where else to look for modules")
    return parser.parse_args()


def _started(folder: Path, warm: Sequence[str], preload: Sequence[str], path: Sequence[str]) -> Host | None:
    """A host that listens; None in the process that has started it. Raises HostStartError."""
    if os.fork():
        return None
    os.setsid()
    # Without the folder that it was started in, which `-m` puts first.
    sys.path[:] = [*path, *(sys.path if sys.flags.safe_path else sys.path[1:])]
    lock = os.open(folder / LOCK, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        raise HostStartError("busy") from None
    _load(warm, preload)
    gc.collect()
    gc.freeze()
    return Host(folder.name, _listener(folder / SOCKET), lock=lock, sources=loaded_sources(path))


def _load(warm: Sequence[str], preload: Sequence[str]) -> None:
    for name in warm:
        try:
            importlib.import_module(name)
        except Exception:
            # The runs will say so themselves, in their own words.
            traceback.print_exc()
    for name in preload:
        try:
            importlib.import_module(name)
        except (Exception, SystemExit) as error:
            raise HostStartError(
                f"the module {name} cannot be imported. Install it for {sys.executable}, correct it, or take it out of"
                f" preload.\n{_raised(error)}"
            ) from None
    if threading.active_count() > 1:
        names = ", ".join(thread.name for thread in threading.enumerate()[1:])
        raise HostStartError(
            f"the modules {', '.join(preload)} start threads when they are imported ({names}), "
            "which forks would not have. Take them out of preload."
        )


def _raised(error: BaseException) -> str:
    """What an import raised, and where in what was imported."""
    found = error.__traceback__
    while found is not None and found.tb_frame.f_code.co_filename.startswith(_IMPORTING):
        found = found.tb_next
    return "".join(traceback.format_exception(type(error), error, found)).rstrip()


def _listener(path: Path) -> socket.socket:
    path.unlink(missing_ok=True)
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        with socket_address(path) as address:
            listener.bind(address)
        listener.listen()
    except (OSError, AddressError) as error:
        raise HostStartError(f"{path} cannot be a socket: {error}") from error
    return listener


def _starter() -> int:
    """Where to tell the starter something. What modules print when they are imported is nothing to it."""
    starter = os.dup(1)
    os.dup2(2, 1)
    return starter


def _tell(starter: int, message: dict[str, object]) -> None:
    """Say how it went: the starter waits for the end of that."""
    with open(starter, "w", encoding="utf-8") as file:
        file.write(json.dumps(message) + "\n")


def _served(host: Host) -> Order | None:
    """The order that this process, a fork of the host, has become; None in the host, at its end."""
    try:
        host.serve()
    except BecameRunError as became:
        return became.order
    return None


def _run(order: Order) -> NoReturn:
    """As if `python -m module` had been called."""
    sys.modules["__main__"] = types.ModuleType("__main__")
    module, _, function = order.call.partition(":")
    sys.argv = [module]
    code = 1
    try:
        sys.exit(getattr(importlib.import_module(module), function)())
    except SystemExit as leave:
        code = _exit_code(leave)
    except BaseException:
        sys.excepthook(*sys.exc_info())
    _end(code)


def _exit_code(leave: SystemExit) -> int:
    """As the interpreter takes it."""
    if leave.code is None or isinstance(leave.code, int):
        return (leave.code or 0) & 0xFF
    sys.stderr.write(f"{leave.code}\n")
    return 1


def _end(code: int) -> NoReturn:
    """As the interpreter does, but for taking itself apart: that costs more than many a run."""
    threading._shutdown()  # type: ignore[attr-defined] # as the interpreter calls it: waits for threads
    atexit._run_exitfuncs()
    _flush_files()
    os._exit(code)


def _flush_files() -> None:
    """Those that the run has left open, and its standard streams, which were there before."""
    texts: list[io.TextIOWrapper] = []
    buffers: list[io.BufferedWriter] = []
    for each in gc.get_objects():
        # Not isinstance(): that would wake proxies.
        if issubclass(type(each), io.TextIOWrapper):
            texts.append(each)
        elif issubclass(type(each), io.BufferedWriter):
            buffers.append(each)
    for stream in (sys.stdout, sys.stderr, *texts, *buffers):
        with suppress(OSError, ValueError):
            stream.flush()


if __name__ == "__main__":
    main()
