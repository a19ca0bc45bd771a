"""Messages between a flow's process and one of a task's: pickled tuples over a socket, the kind first.

    to the task's process                                from it
    setup(bytes of initializer and arguments)            ready()
    flow(id, a FlowSnapshot's bytes)                     recorder(method, arguments)     something to be recorded
    call(a CallSnapshot's bytes)                         request(number, method, arguments)
    stop(a ShippedError)                                 stopping()     it has heard `stop`
    answer(number, value, a ShippedError or None)        overdue()      and its code does not end
    verdict(flow run's id, verdict, message)             returned(bytes) | raised(a ShippedError)
    end()

The socket closes when either side is gone.
"""

import pickle
import threading
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from multiprocessing.connection import Connection

Message = tuple[Any, ...]


class Channel:
    """One side's end. Any thread may send; one receives."""

    def __init__(self, connection: "Connection[Any, Any]") -> None:
        self._connection = connection
        self._sending = threading.Lock()

    def send(self, *message: Any) -> None:  # noqa: ANN401
        """Send a message. Raises OSError if the other side is gone."""
        data = pickle.dumps(message, pickle.HIGHEST_PROTOCOL)
        with self._sending:
            self._connection.send_bytes(data)

    def receive(self) -> Message | None:
        """Wait for a message; None when the other side is gone."""
        try:
            data = self._connection.recv_bytes()
        except (EOFError, OSError):
            return None
        message: Message = pickle.loads(data)
        return message

    def close(self) -> None:
        """Hang up."""
        self._connection.close()
