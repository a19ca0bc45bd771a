"""Orch's SDK: ordinary Python functions as observed, retried, recoverable workflows.

Importing it is cheap and has no effects: nothing here loads grpc, a database driver or the server.
`tests/packaging/test_imports.py` holds it to that.
"""

__all__ = ["__version__"]


def __getattr__(name: str) -> str:
    """Reads the version when somebody asks for it: looking it up costs more than importing this package."""
    if name != "__version__":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib.metadata import version

    return version("orch")
