"""Which Orch this is."""

from importlib.metadata import PackageNotFoundError, version


def orch_version() -> str:
    """The installed distribution's version; "0+source" where the code runs from a folder that is not installed."""
    try:
        return version("orch")
    except PackageNotFoundError:
        return "0+source"
