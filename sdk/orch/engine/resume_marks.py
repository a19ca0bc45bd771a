"""What a durable flow's run is known again by: where the flow is defined, and with which parameters it was called.

The mark travels behind the run's version: "3f2a9c1b 5d0e…". A flow's name and the text of its parameters would not do:
two scripts may have a flow `main`, and the text is cut, and hides secrets.
"""

import sys
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from orch.parameters.text import MASK

if TYPE_CHECKING:
    from orch.flows import Flow


def marked(version: str, flow: "Flow[..., Any]", parameters: Mapping[str, Any], parameters_json: str) -> str:
    """The version with the run's mark behind it; as it is where the parameters cannot be compared."""
    from hashlib import blake2b

    from orch.hashing import hash_objects

    # No mark is made of secrets: a short one could be guessed from it.
    values = None if MASK in parameters_json else hash_objects(dict(parameters))
    if values is None:
        return version
    mark = blake2b(f"{_place_of(flow)}\0{values}".encode(), digest_size=8).hexdigest()
    return f"{version} {mark}"


def parts(marked_version: str) -> tuple[str, str]:
    """Version and mark; the mark is empty where there is none."""
    version, _, mark = marked_version.rpartition(" ")
    return (version, mark) if len(mark) == 16 else (marked_version, "")


def _place_of(flow: "Flow[..., Any]") -> str:
    """Where the flow is defined; for a script, by the name of its file."""
    module, _, name = flow.key.rpartition(".")
    if not flow.key.startswith("__main__."):
        return f"{module}:{name}"
    from pathlib import Path

    file = getattr(sys.modules.get("__main__"), "__file__", None) or ""
    return f"{Path(file).name}:{flow.key.removeprefix('__main__.')}"
