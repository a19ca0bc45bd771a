"""Wall clocks that can be set back, one a machine: for all processes that are started with `Clock.environment`.

The kernel has one wall clock for all, time namespaces do not part it, and nobody wants the machine's own set back. So a
small library, `clock.c`, is compiled and loaded before all others. What it cannot do: a wait that is under way keeps
the end that it had.
"""

import shutil
import struct
import subprocess
from collections.abc import Mapping
from pathlib import Path

_SOURCE = Path(__file__).with_name("clock.c")


def compiled(folder: Path) -> Path | None:
    """The library, made in this folder. None: there is no C compiler, or it cannot."""
    compiler = shutil.which("cc")
    if compiler is None:
        return None
    library = folder / "clock.so"
    done = subprocess.run(
        [compiler, "-O2", "-shared", "-fPIC", "-o", library, _SOURCE, "-ldl", "-pthread"],
        capture_output=True,
        check=False,
    )
    return library if done.returncode == 0 else None


class Clock:
    """The wall clock of some processes. It may be set while they run."""

    def __init__(self, library: Path, file: Path) -> None:
        self._library = library
        self._file = file
        self.set(0)
        # Whoever it is for may be another user.
        file.chmod(0o644)
        library.chmod(0o755)

    @property
    def environment(self) -> Mapping[str, str]:
        """The variables that a process of this clock is started with."""
        return {"LD_PRELOAD": str(self._library), "CHAOS_CLOCK": str(self._file)}

    def set(self, seconds: int) -> None:
        """So many seconds off the real clock, from this moment on."""
        with self._file.open("r+b" if self._file.exists() else "wb") as file:
            file.write(struct.pack("@q", seconds * 1_000_000_000))
