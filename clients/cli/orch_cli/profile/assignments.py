"""KEY=VALUE on the command line, as profiles take them."""

from collections.abc import Callable
from typing import TypeVar

import click
from click.shell_completion import CompletionItem

from orch_cli.failures import Wrong

F = TypeVar("F", bound=Callable[..., object])


def assignments(texts: tuple[str, ...]) -> dict[str, str]:
    """KEY=VALUE each; a variable's name (ORCH_API_URL) counts as the key. Raises Wrong where one is none."""
    found: dict[str, str] = {}
    for text in texts:
        key, separator, value = text.partition("=")
        if not separator or not key.strip():
            raise Wrong(f"{text!r} is not KEY=VALUE. Write, for example, api_url=http://127.0.0.1:4201.")
        if not value.strip():
            raise Wrong(f"{key.strip()} is given no value. `orch config unset {key.strip()}` takes a setting away.")
        found[key_of(key)] = value.strip()
    return found


def key_of(text: str) -> str:
    """The setting that a key, or a variable's name, stands for: "api_url" for "ORCH_API_URL" and "api-url"."""
    return text.strip().lower().replace("-", "_").removeprefix("orch_")


def ASSIGNMENTS(*, required: bool) -> Callable[[F], F]:
    """KEY=VALUE arguments, which the command gets as `settings`."""
    return click.argument(
        "settings", nargs=-1, required=required, metavar="KEY=VALUE...", shell_complete=complete_assignment
    )


def complete_assignment(ctx: click.Context, parameter: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """The keys that there are, each with its "="."""
    return [CompletionItem(f"{item.value}=") for item in complete_key(ctx, parameter, incomplete)]


def complete_key(ctx: click.Context, parameter: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """The keys that there are."""
    from orch.settings import PROFILE_KEYS

    return [CompletionItem(key) for key in PROFILE_KEYS if key.startswith(key_of(incomplete))]
