"""Wake-ups: callbacks by topic in this process. `postgres_wakeups.py` adds those of other servers.

A hint that is lost costs time, never correctness: everybody who waits looks again now and then.
"""

from collections.abc import Callable, Iterable

from orch_server.application.ports import Topic


class LocalWakeups:
    """Callbacks by topic. Everything happens in the event loop's thread."""

    def __init__(self) -> None:
        self._listeners: dict[Topic, dict[object, Callable[[], None]]] = {}
        self.closing = False

    def announce(self, topics: Iterable[Topic]) -> None:
        """Something has changed."""
        self.ring(topics)

    def ring(self, topics: Iterable[Topic]) -> None:
        """Call those in this process who listen to these topics."""
        for topic in topics:
            listeners = self._listeners.get(topic)
            for wake in tuple(listeners.values()) if listeners else ():
                wake()

    def close(self) -> None:
        """This server stops: wake everybody, who then sees `closing`."""
        self.closing = True
        self.ring_all()

    def ring_all(self) -> None:
        """Call everybody: what exactly has changed is not known."""
        self.ring(tuple(self._listeners))

    def listen(self, topic: Topic, wake: Callable[[], None]) -> Callable[[], None]:
        """Call `wake` at each change, until the returned function is called."""
        key = object()
        self._listeners.setdefault(topic, {})[key] = wake

        def silence() -> None:
            listeners = self._listeners.get(topic, {})
            listeners.pop(key, None)
            if not listeners:
                self._listeners.pop(topic, None)

        return silence
