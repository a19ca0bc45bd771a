"""docs/server.md says what the server takes."""

from pathlib import Path

from orch_server.options import OPTIONS

PAGE = Path(__file__).parents[3] / "docs" / "server.md"


def test_the_page_lists_every_option_with_its_variable_and_default() -> None:
    lines = PAGE.read_text().splitlines()

    for option in OPTIONS:
        (row,) = [line for line in lines if line.startswith(f"| `{option.switch}` |")]
        assert f"`{option.variable}`" in row
        assert f"| {f'`{option.default}`' if option.default else ''} |".replace("|  |", "| |") in row
