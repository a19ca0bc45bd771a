"""The host itself: takes orders, keeps attempts, says what becomes of them."""

import os
import signal
import socket
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import Any

from orch_worker.launchers.process.folders import EndingFacts
from orch_worker.launchers.process.host.attempts import Attempt
from orch_worker.launchers.process.host.capture import Capture
from orch_worker.launchers.process.host.conversation import Conversation
from orch_worker.launchers.process.host.log import log
from orch_worker.launchers.process.host.loop import Loop
from orch_worker.launchers.process.host.pending import PendingStarts
from orch_worker.launchers.process.host.starting import Started
from orch_worker.launchers.process.host.vouching import Vouching
from orch_worker.launchers.process.loaded import running_version
from orch_worker.launchers.process.orders import FORK, PROTOCOL, Order, StartFailure, decode_order
from orch_worker.launchers.process.spool import STDERR, STDOUT, SpoolWriter

_ABANDONED_SECONDS = 10.0
"""How long a host with nothing to do waits for a worker that went without a goodbye: it may be restarting."""
_AGAIN_SECONDS = 1.0
_WAKEUP_BYTES = 4096

Reply = Callable[[dict[str, Any]], None]


class Host:
    """Serves workers on a socket until it is not needed any more."""

    def __init__(self, name: str, listener: socket.socket, *, lock: int, sources: Mapping[str, int]) -> None:
        """Takes the listening socket over, and the descriptor of the lock that is held while it lives.

        `sources`: what it has loaded of the runs' own code, for the workers.
        """
        self._lock = lock
        self._hello = {"hello": PROTOCOL, "pid": os.getpid(), "version": running_version(), "sources": dict(sources)}
        self._listener = listener
        self._loop = Loop()
        self._attempts: dict[str, Attempt] = {}
        self._pending = PendingStarts(name, self._loop, abandon=self._abandon)
        self._unwritten: dict[str, EndingFacts] = {}
        self._conversations: list[Conversation] = []
        self._is_abandoned = False
        self._is_retired = False
        self._vouching = Vouching(self._loop, exclusive=self._exclusive, ask=self._ask_to_vouch)
        self._wakeup = os.pipe()
        for descriptor in self._wakeup:
            os.set_blocking(descriptor, False)
        self._handlers: dict[str, Callable[[dict[str, Any], Reply], None]] = {
            "launch": self._launch,
            "stop": self._stop,
            "list": self._list,
            "retire": self._retire,
            "vouch": self._vouch,
        }

    def serve(self) -> None:
        """Work until nobody needs it. Raises BecameRunError, in forks."""
        self._listener.setblocking(False)
        self._loop.watch(self._listener.fileno(), self._accept)
        self._loop.watch(self._wakeup[0], self._look)
        # Python's own handlers do nothing here: the byte that wakes the loop is all that is wanted.
        signal.set_wakeup_fd(self._wakeup[1], warn_on_full_buffer=False)
        signal.signal(signal.SIGCHLD, lambda *_: None)
        signal.signal(signal.SIGTERM, lambda *_: None)
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        signal.signal(signal.SIGHUP, signal.SIG_IGN)
        self._wait_for_worker()
        while self._is_needed():
            self._loop.turn()

    def _is_needed(self) -> bool:
        if self._attempts or self._pending.names or self._unwritten:
            return True
        return not self._is_retired and bool(self._conversations or not self._is_abandoned)

    def _accept(self) -> None:
        with suppress(BlockingIOError, ConnectionError):
            connection, _ = self._listener.accept()
            conversation = Conversation(connection, self._loop, on_message=self._hear, on_end=self._hung_up)
            self._conversations.append(conversation)
            self._is_abandoned = False
            conversation.send(self._hello)
            if self._vouching.is_needed:
                conversation.send({"vouch": True})

    def _hung_up(self, conversation: Conversation) -> None:
        self._conversations.remove(conversation)
        if not self._conversations:
            if conversation.said_goodbye:
                self._is_abandoned = True
            else:
                self._wait_for_worker()

    def _wait_for_worker(self) -> None:
        def give_up() -> None:
            self._is_abandoned = not self._conversations

        self._loop.after(_ABANDONED_SECONDS, give_up)

    def _hear(self, conversation: Conversation, message: dict[str, Any]) -> None:
        if message["do"] == "leave":
            conversation.said_goodbye = True
            return
        number = message["id"]
        self._handlers[message["do"]](message, lambda reply: conversation.send({"id": number, **reply}))

    def _list(self, _: dict[str, Any], reply: Reply) -> None:
        reply({"answer": {"attempts": [*self._attempts, *self._pending.names]}})

    def _vouch(self, _: dict[str, Any], reply: Reply) -> None:
        self._vouching.vouch()
        reply({"answer": {}})

    def _exclusive(self) -> list[Attempt]:
        return [attempt for attempt in self._attempts.values() if attempt.exclusive]

    def _ask_to_vouch(self, wanted: bool) -> None:
        for conversation in list(self._conversations):
            conversation.send({"vouch": wanted})

    def _retire(self, _: dict[str, Any], reply: Reply) -> None:
        self._is_retired = True
        reply({"answer": {}})

    def _stop(self, message: dict[str, Any], reply: Reply) -> None:
        name = message["attempt"]
        if name in self._attempts:
            self._attempts[name].stop(message["grace_seconds"])
        else:
            self._pending.stop(name)
        reply({"answer": {}})

    def _launch(self, message: dict[str, Any], reply: Reply) -> None:
        order = decode_order(message["order"])
        if order.attempt in self._attempts or order.attempt in self._pending.names:
            reply({"failure": asdict(StartFailure(FORK, 0, "it runs already"))})
            return
        self._pending.start(
            order,
            on_start=partial(self._started, reply),
            on_failure=lambda failure: reply({"failure": asdict(failure)}),
        )

    def _started(self, reply: Reply, order: Order, started: Started, spool: SpoolWriter) -> None:
        streams = zip(started.outputs, (STDOUT, STDERR), strict=True)
        self._attempts[order.attempt] = attempt = Attempt(
            order=order,
            pid=started.pid,
            spool=spool,
            captures=[Capture(descriptor, stream, spool) for descriptor, stream in streams],
            loop=self._loop,
            on_output=self._tell_output,
            on_end=self._ended,
        )
        reply({"answer": {"pid": started.pid}})
        self._vouching.begin()
        # It may have ended before it was kept.
        attempt.look()

    def _tell_output(self, name: str) -> None:
        for conversation in self._conversations:
            conversation.tell_output(name)

    def _ended(self, attempt: Attempt, facts: EndingFacts) -> None:
        del self._attempts[attempt.name]
        self._unwritten[attempt.name] = facts
        self._write_ending(attempt.name, attempt.folder)
        for conversation in list(self._conversations):
            conversation.send({"ended": attempt.name, "facts": asdict(facts)})

    def _write_ending(self, name: str, folder: Path) -> None:
        """The worker is told at once; what it reads after a restart must wait where the disk is full."""
        try:
            self._unwritten[name].write(folder)
        except FileNotFoundError:
            # The folder is gone: the worker needs nothing of it any more.
            del self._unwritten[name]
        except OSError as error:
            log(f"could not write down the end of {name}: {error}")
            self._loop.after(_AGAIN_SECONDS, partial(self._write_ending, name, folder))
        else:
            del self._unwritten[name]

    def _look(self) -> None:
        """Some signal has arrived."""
        with suppress(BlockingIOError):
            os.read(self._wakeup[0], _WAKEUP_BYTES)
        for attempt in list(self._attempts.values()):
            attempt.look()

    def _abandon(self) -> None:
        """In a fork: let go of all that is the host's."""
        signal.set_wakeup_fd(-1)
        self._loop.close()
        self._listener.close()
        for descriptor in (self._lock, *self._wakeup):
            os.close(descriptor)
        for conversation in self._conversations:
            conversation.abandon()
        self._pending.abandon()
        for attempt in self._attempts.values():
            attempt.abandon()
