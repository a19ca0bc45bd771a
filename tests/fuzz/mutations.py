"""Texts and bytes that are nearly right: good ones with a few edits."""

from collections.abc import Callable, Mapping, Sequence
from typing import Final

from hypothesis import strategies as st

_PLACES: Final = 2**16
ODD: Final = (
    "\x00",
    "\u2028",
    "\ud800",
    "ü",
    "\U0001f600",
    "\u202e",
    "-",
    "1e999",
    "9" * 400,
    "NaN",
    "null",
    "''",
    '"',
)
"""Words that programs stumble over."""


def mutated(seeds: Sequence[str], words: Sequence[str] = (), *, most: int = 4) -> st.SearchStrategy[str]:
    """One of the seeds with up to `most` edits, by the words given, odd ones, and pieces of the seeds."""
    chosen = st.one_of(st.sampled_from([*words, *ODD]), st.sampled_from(seeds), st.text(max_size=3))
    place = st.integers(0, _PLACES - 1)
    edit = st.tuples(st.sampled_from(sorted(_EDITS)), place, place, chosen)
    return st.builds(_edited, st.sampled_from(seeds), st.lists(edit, max_size=most))


def mutated_bytes(seeds: st.SearchStrategy[bytes]) -> st.SearchStrategy[bytes]:
    """One of the seeds with some edits."""
    place = st.integers(0, _PLACES - 1)
    words = st.one_of(st.sampled_from(_ODD_BYTES), st.binary(max_size=4)).map(lambda raw: raw.decode("latin-1"))
    edits = st.lists(st.tuples(st.sampled_from(sorted(_EDITS)), place, place, words), min_size=1, max_size=4)
    return st.builds(lambda raw, done: _edited(raw.decode("latin-1"), done).encode("latin-1"), seeds, edits)


_ODD_BYTES: Final = (
    b"\x00",
    b"\xff" * 9 + b"\x01",
    b"\x80" * 12,
    b"\x7f",
    b"\x0a\xff\xff\xff\xff\x0f",
    b"\xc3\x28",
    b"\x0b",
)
"""Long numbers, lengths beyond the end, groups, half characters."""

_Edit = tuple[str, int, int, str]


def _edited(text: str, edits: Sequence[_Edit]) -> str:
    for name, one, other, word in edits:
        first, last = sorted((one * (len(text) + 1) // _PLACES, other * (len(text) + 1) // _PLACES))
        text = _EDITS[name](text, first, last, word)
    return text


_EDITS: Final[Mapping[str, Callable[[str, int, int, str], str]]] = {
    "cut": lambda text, first, last, _: text[:first] + text[last:],
    "double": lambda text, first, last, _: text[:last] + text[first:],
    "flip": lambda text, first, last, _: text[:first] + text[first:last][::-1] + text[last:],
    "insert": lambda text, first, _, word: text[:first] + word + text[first:],
    "replace": lambda text, first, last, word: text[:first] + word + text[last:],
    "truncate": lambda text, first, _, __: text[:first],
}
