"""The control plane that runs on a home directory of this machine: how scripts find it without being told.

`orch server start` writes `server.json` into its home directory and removes it when it stops. A file that a dead server
left behind is told by its process: the number alone may belong to another by now. Nothing here loads grpc.
"""

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from orch_client.processes import process_mark

# Loaded once a server is found: most scripts find none.
if TYPE_CHECKING:
    from orch_client.address import Address

FILE_NAME = "server.json"
DATABASE_FILE = "orch.db"
"""The SQLite database of a home directory, of a server's as of scripts' own."""


@dataclass(frozen=True, slots=True)
class LocalServer:
    """What the file says: where the server is, which process it is, and which version."""

    url: str
    process_id: int
    process_mark: str
    """`processes.process_mark` of the server; empty where the platform does not tell, and then nobody finds it."""
    version: str

    @property
    def alive(self) -> bool:
        """Whether the very process that wrote this still lives."""
        return bool(self.process_mark) and process_mark(self.process_id) == self.process_mark

    def text(self) -> str:
        """As it stands in the file."""
        return json.dumps(asdict(self), indent=2) + "\n"


def find_local_server(home: Path) -> "Address | None":
    """Where the server of this home directory can be reached; None where none runs, or its file cannot be read."""
    found = read_local_server(home)
    if found is None or not found.alive:
        return None
    from orch_client.address import Address
    from orch_client.errors import ConfigurationError

    try:
        return Address.parse(found.url)
    except ConfigurationError:
        return None


def read_local_server(home: Path) -> LocalServer | None:
    """What the file says, whether or not the server still lives; None where it is missing or says nothing of use."""
    try:
        content = json.loads((home / FILE_NAME).read_bytes())
        return LocalServer(
            url=str(content["url"]),
            process_id=int(content["process_id"]),
            process_mark=str(content["process_mark"]),
            version=str(content["version"]),
        )
    except (OSError, ValueError, TypeError, KeyError):
        return None
