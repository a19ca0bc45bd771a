"""What is on record of earlier versions: `data/<revision>/`, one folder for each revision of the schema.

contract.binpb     the contract that the version served, as it said by reflection
sqlite.sql         its database after the scene
postgresql.sql     the same on PostgreSQL
<kind>.json        which commit it was, what the scene made, and what the version answered about it
"""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

from tests.upgrade.older_client import Json
from tests.upgrade.scene import Facts

Kind = Literal["sqlite", "postgresql"]
KINDS: Final[tuple[Kind, ...]] = ("sqlite", "postgresql")
DATA: Final = Path(__file__).with_name("data")


@dataclass(frozen=True)
class Recording:
    """One version's data in one kind of database."""

    revision: str
    kind: Kind

    @property
    def folder(self) -> Path:
        """Where it lies."""
        return DATA / self.revision

    @property
    def script(self) -> str:
        """The database, as SQL."""
        return (self.folder / f"{self.kind}.sql").read_text()

    @property
    def contract(self) -> bytes:
        """The contract, as a FileDescriptorSet."""
        return (self.folder / "contract.binpb").read_bytes()

    @property
    def facts(self) -> Facts:
        """What the scene made."""
        return Facts(**self._said()["facts"])

    @property
    def answers(self) -> list[Json]:
        """What was asked, and answered."""
        found: list[Json] = self._said()["answers"]
        return found

    def write(self, *, commit: str, contract: bytes, script: str, facts: Facts, answers: list[Json]) -> None:
        """Put it on record."""
        self.folder.mkdir(parents=True, exist_ok=True)
        said = {"commit": commit, "facts": facts.as_json(), "answers": answers}
        (self.folder / "contract.binpb").write_bytes(contract)
        (self.folder / f"{self.kind}.sql").write_text(script)
        (self.folder / f"{self.kind}.json").write_text(json.dumps(said, indent=1, ensure_ascii=False) + "\n")

    def _said(self) -> Json:
        return json.loads((self.folder / f"{self.kind}.json").read_text())


def recorded_revisions() -> list[str]:
    """The revisions that there are recordings of, oldest first."""
    return sorted(folder.name for folder in DATA.iterdir() if folder.is_dir())
