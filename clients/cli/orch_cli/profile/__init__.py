"""`orch profile …`: named sets of settings, for working with several control planes from one machine."""

import os
from collections.abc import Mapping
from functools import partial

import click
from click.shell_completion import CompletionItem

from orch_cli.output import Column, Format, confirm, note, output_option, say, show_list, show_one
from orch_cli.profile.assignments import ASSIGNMENTS, assignments
from orch_cli.profile.store import Profile, ProfileStore
from orch_cli.profile.values import shown, text


def complete_profile(ctx: click.Context, parameter: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Names of profiles, for the shell; none where the file cannot be read, since a completion cannot say why."""
    from orch.errors import ConfigurationError

    try:
        found = ProfileStore.of(os.environ).all()
    except ConfigurationError:
        return []
    return [CompletionItem(each.name) for each in found if each.name.startswith(incomplete)]


_NAME = click.argument("name", shell_complete=complete_profile)

profile = click.Group(
    "profile",
    help="""Keep the settings of several control planes apart.

    A profile is a table of settings in profiles.toml in the home directory (~/.orch). The active one counts wherever
    no variable says otherwise; ORCH_PROFILE and `orch --profile NAME` choose another for one command.""",
)


@profile.command("ls")
@output_option
def ls(output: Format) -> None:
    """List the profiles; a star marks the active one."""
    store = ProfileStore.of(os.environ)
    found = store.all()
    in_use = os.environ.get("ORCH_PROFILE", "").strip() or store.active()
    columns: list[Column[Profile]] = [
        Column("NAME", lambda each: each.name, style=lambda each: "bold" if each.name == in_use else ""),
        Column("ACTIVE", lambda each: "*" if each.name == in_use else ""),
        Column("CONTROL PLANE", lambda each: str(each.settings.get("api_url", ""))),
    ]
    empty = f"No profiles in {store.path}. `orch profile create NAME` makes one."
    show_list(found, columns, output=output, empty=empty, whole=_whole)


@profile.command("inspect")
@_NAME
@output_option
def inspect(name: str, output: Format) -> None:
    """Show the settings of a profile. Keys are not shown."""
    found = ProfileStore.of(os.environ).get(name)
    lines: list[Column[Profile]] = [
        Column("PROFILE", lambda each: each.name),
        Column("ACTIVE", lambda each: "yes" if each.active else "no"),
        *(Column(key.replace("_", " "), partial(_setting_text, key)) for key in found.settings),
    ]
    show_one(found, lines, output=output, whole=_whole(found))


@profile.command("create")
@click.argument("name")
@ASSIGNMENTS(required=False)
@click.option("--use/--no-use", default=None, help="Make it the active one. Without: only where none is active.")
def create(name: str, settings: tuple[str, ...], use: bool | None) -> None:
    """Create a profile: orch profile create staging api_url=https://orch.example.com:4201"""
    store = ProfileStore.of(os.environ)
    store.create(name, assignments(settings))
    say(f"Created the profile {name} in {store.path}.")
    if use or (use is None and not store.active()):
        store.use(name)
        say(f"{name} is the active profile.")
    _warn_of_variables(store.get(name).settings)


@profile.command("use")
@click.argument("name", required=False, default="", shell_complete=complete_profile)
@click.option("--none", is_flag=True, help="Have no active profile.")
def use(name: str, none: bool) -> None:
    """Make a profile the active one."""
    if bool(name) == none:
        raise click.UsageError("Name a profile, or pass --none.")
    store = ProfileStore.of(os.environ)
    store.use(name)
    say(f"{name} is the active profile." if name else "No profile is active.")
    asked = os.environ.get("ORCH_PROFILE", "").strip()
    if asked and asked != name:
        note(f"ORCH_PROFILE={asked} is set and wins over it in this shell.")
    _warn_of_variables(store.get(name).settings if name else {})


@profile.command("set")
@_NAME
@ASSIGNMENTS(required=True)
def set_(name: str, settings: tuple[str, ...]) -> None:
    """Write settings of a profile: orch profile set staging api_key_file=~/staging.key log_prints=true"""
    values = assignments(settings)
    ProfileStore.of(os.environ).set(name, values)
    say(f"Set {', '.join(values)} in the profile {name}.")
    _warn_of_variables(values)


@profile.command("delete")
@_NAME
@click.option("-y", "--yes", is_flag=True, help="Do not ask.")
def delete(name: str, yes: bool) -> None:
    """Delete a profile. The active one is kept."""
    store = ProfileStore.of(os.environ)
    store.get(name)
    confirm(f"Delete the profile {name}?", yes=yes)
    store.delete(name)
    say(f"Deleted the profile {name}.")


def _whole(found: Profile) -> dict[str, object]:
    values = {key: shown(key, value) for key, value in found.settings.items()}
    return {"name": found.name, "active": found.active, "settings": values}


def _setting_text(key: str, found: Profile) -> str:
    return text(shown(key, found.settings[key]))


def _warn_of_variables(settings: Mapping[str, object]) -> None:
    """A variable wins over the profile: whoever sets the profile should know."""
    for key in settings:
        variable = f"ORCH_{key.upper()}"
        if os.environ.get(variable, "").strip():
            note(f"{variable} is set and wins over the profile in this shell.")
