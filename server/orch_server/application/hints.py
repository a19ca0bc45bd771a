"""Hints in errors: names that may have been meant."""

from collections.abc import Sequence

NAMES_TO_LOOK_AT = 200
"""How many names to compare with: enough for people, cheap for the database."""


def close_names(name: str, names: Sequence[str]) -> str:
    """A sentence that names what may have been meant, or what there is; empty where there is nothing."""
    if not names:
        return ""
    # Imported here: a script that makes no mistakes does not pay for it.
    from difflib import get_close_matches

    close = get_close_matches(name, names, n=3)
    shown = ", ".join(repr(each) for each in close or sorted(names)[:5])
    return f"Did you mean {shown}?" if close else f"There is {shown}."
