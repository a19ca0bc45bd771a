"""Lists and single things: columns once, for terminals, pipes and programs."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Generic, TypeVar

from orch_cli.output.formats import Format, document
from orch_cli.output.plain_values import plain
from orch_cli.output.terminals import clean, note, say, stdout_is_terminal

if TYPE_CHECKING:
    from rich.console import Console

T = TypeVar("T")

_GAP = "  "
_LEAST_CUT = 12
"""Columns are cut to so many characters; where there is no room for these, they are left out."""


# No slots: Column[T](…) would not work with them (https://github.com/python/cpython/issues/90562).
@dataclass(frozen=True)
class Column(Generic[T]):
    """A column of a list, or a line about a single thing."""

    title: str
    """As it stands in the head of a list: "NAME"; about a single thing it is written "Name"."""
    text: Callable[[T], str]
    """What stands there; "" for nothing."""
    style: Callable[[T], str] | None = None
    """Rich's style, at terminals. The first column and those with a style are never cut."""
    right: bool = False
    """Numbers stand at the right."""
    may_wrap: bool = False
    """At a narrow terminal this column gives way: its text is broken into lines."""

    def cell(self, item: T) -> str:
        """The text, without what a terminal would act on."""
        return clean(self.text(item))


def show_list(
    items: Iterable[T],
    columns: Sequence[Column[T]],
    *,
    output: Format,
    empty: str,
    more: str = "",
    whole: Callable[[T], object] = plain,
) -> None:
    """All items. `empty` is said where there are none, `more` where there are more than these (how to see them).

    As JSON and YAML the whole items are written, not the columns: what `whole` makes of them, and `plain` of that.
    """
    found = list(items)
    if output is Format.ID:
        for item in found:
            say(_one_line(columns[0].cell(item)))
    elif output is not Format.TABLE:
        say(document([plain(whole(item)) for item in found], output))
    elif not found:
        note(empty)
    elif stdout_is_terminal():
        _print_table(found, columns)
    else:
        for line in _aligned(found, columns):
            say(line)
    if more:
        note(more)


def show_one(item: T, lines: Sequence[Column[T]], *, output: Format, whole: object = None) -> None:
    """One thing: a line for each of `lines` that has something to say.

    As JSON and YAML the item is written, or `whole` where that is given: what there is to know beyond the item.
    """
    if output is Format.ID:
        say(_one_line(lines[0].cell(item)))
    elif output is not Format.TABLE:
        say(document(plain(item if whole is None else whole), output))
    else:
        _print_lines(item, lines)


def _aligned(items: Sequence[T], columns: Sequence[Column[T]]) -> Iterable[str]:
    rows = [[column.title for column in columns]]
    rows += [[_one_line(column.cell(item)) for column in columns] for item in items]
    widths = [max(len(row[at]) for row in rows) for at in range(len(columns))]
    for row in rows:
        cells = [
            text.rjust(width) if column.right else text.ljust(width)
            for text, width, column in zip(row, widths, columns, strict=True)
        ]
        yield _GAP.join(cells).rstrip()


def _one_line(text: str) -> str:
    return " ".join(text.split())


def console() -> "Console":
    """Rich on standard output, taking no text for markup."""
    from rich.console import Console

    return Console(highlight=False, markup=False, emoji=False)


def _print_table(items: Sequence[T], columns: Sequence[Column[T]]) -> None:
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="bold")
    there = [column for column in columns if column is columns[0] or any(map(column.cell, items))]
    screen = console()
    widths = _widths(items, there, screen.width)
    shown = [column for column, width in zip(there, widths, strict=True) if width]
    for column, width in zip(there, widths, strict=True):
        if width:
            table.add_column(
                column.title,
                width=width,
                justify="right" if column.right else "left",
                no_wrap=not column.may_wrap,
                overflow="fold" if column.may_wrap else "ellipsis",
            )
    for item in items:
        table.add_row(
            *(Text(_one_line(column.cell(item)), column.style(item) if column.style else "") for column in shown)
        )
    screen.print(table)
    if hidden := [column.title for column in there if column not in shown]:
        note(f"Too narrow for {', '.join(hidden)}.")


def _widths(items: Sequence[T], columns: Sequence[Column[T]], room: int) -> list[int]:
    """How wide each column is; 0: it is left out.

    What it is and how it stands are shown whole. Where there is no room for the rest, the widest of it is cut first,
    and where cutting does not help, the last of it goes.
    """
    from rich.cells import cell_len

    widths = [max(cell_len(_one_line(text)) for text in (each.title, *map(each.cell, items))) for each in columns]
    may_be_cut = [at for at, each in enumerate(columns) if at and (each.style is None or each.may_wrap)]

    def excess(least: Sequence[int]) -> int:
        return sum(width + len(_GAP) for width in least if width) - len(_GAP) - room

    for at in reversed(may_be_cut):
        if excess([min(width, _LEAST_CUT) if each in may_be_cut else width for each, width in enumerate(widths)]) <= 0:
            break
        widths[at] = 0
    while excess(widths) > 0 and (cut := max(may_be_cut, key=widths.__getitem__, default=0)) and widths[cut]:
        widths[cut] -= 1
    return widths


def _print_lines(item: T, lines: Sequence[Column[T]]) -> None:
    found = [(line, text) for line in lines if (text := line.cell(item))]
    width = max((len(line.title) for line, _ in found), default=0)
    if not stdout_is_terminal():
        for line, text in found:
            say(_indented(f"{line.title.capitalize()}:".ljust(width + 2), text))
        return
    from rich.table import Table
    from rich.text import Text

    grid = Table.grid(padding=(0, 2, 0, 0))
    grid.add_column(style="bold", no_wrap=True)
    grid.add_column(overflow="fold")
    for line, text in found:
        grid.add_row(line.title.capitalize(), Text(text, line.style(item) if line.style else ""))
    console().print(grid)


def _indented(title: str, text: str) -> str:
    first, *others = text.splitlines() or [""]
    return "\n".join([f"{title} {first}".rstrip(), *(f"{' ' * len(title)} {other}".rstrip() for other in others)])


def mapping_columns(titles: Mapping[str, str]) -> list[Column[Mapping[str, object]]]:
    """Columns of mappings, by key: {"name": "NAME"}."""

    def shown(key: str) -> Callable[[Mapping[str, object]], str]:
        return lambda item: "" if item.get(key) is None else str(item[key])

    return [Column(title, shown(key)) for key, title in titles.items()]
