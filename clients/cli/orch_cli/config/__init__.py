"""`orch config …`: the settings that are in force, where each comes from, and changing the profile in use."""

import os
from dataclasses import asdict, dataclass

import click

from orch_cli.failures import NotFound
from orch_cli.output import Column, Format, note, output_option, say, show_list
from orch_cli.profile.assignments import ASSIGNMENTS, assignments, complete_key, key_of
from orch_cli.profile.store import ProfileStore, check_key
from orch_cli.profile.values import shown, text

FIRST_PROFILE = "default"
"""Made where something is set and there is no profile in use."""

config = click.Group(
    "config",
    help="""Show and change settings.

    Each setting is a variable, ORCH_API_URL, and a key of a profile, api_url. The variable wins.""",
)


@dataclass(frozen=True, slots=True)
class Setting:
    """A setting that is in force."""

    name: str
    value: object
    origin: str
    """Where it was said, for people; "default" where nowhere."""


@config.command("view")
@click.argument("keys", nargs=-1, metavar="[KEY]...", shell_complete=complete_key)
@click.option("--set", "only_set", is_flag=True, help="Leave out what is at its default.")
@output_option
def view(keys: tuple[str, ...], only_set: bool, output: Format) -> None:
    """Show the settings that are in force, and where each comes from. Keys are not shown."""
    found = settings_in_force()
    if wanted := [key_of(key) for key in keys]:
        for key in wanted:
            if key not in found:
                check_key(key)
        found = {key: found[key] for key in wanted}
    shown_settings = [each for each in found.values() if not only_set or each.origin != "default"]
    show_list(
        shown_settings,
        [
            Column("SETTING", lambda each: each.name),
            Column("VALUE", lambda each: text(each.value), may_wrap=True),
            Column("FROM", lambda each: each.origin, style=lambda each: "" if each.origin != "default" else "dim"),
        ],
        output=output,
        empty="Every setting is at its default.",
        whole=asdict,
    )


def settings_in_force() -> dict[str, Setting]:
    """By name. Raises the SDK's ConfigurationError where one is wrong: it names it."""
    from orch.settings import load, origins

    settings = load(os.environ)
    return {
        name: Setting(name, shown(name, getattr(settings, name)), origin)
        for name, origin in origins(os.environ).items()
    }


@config.command("set")
@ASSIGNMENTS(required=True)
def set_(settings: tuple[str, ...]) -> None:
    """Write settings of the profile in use: orch config set api_url=http://127.0.0.1:4201

    Where none is in use, one named "default" is made and used."""
    values = assignments(settings)
    store = ProfileStore.of(os.environ)
    name = _profile_in_use(store)
    if name:
        store.set(name, values)
    else:
        name = FIRST_PROFILE
        if any(each.name == name for each in store.all()):
            store.set(name, values)
        else:
            store.create(name, values)
        store.use(name)
    say(f"Set {', '.join(values)} in the profile {name} ({store.path}).")
    for key in values:
        if os.environ.get(f"ORCH_{key.upper()}", "").strip():
            note(f"ORCH_{key.upper()} is set and wins over the profile in this shell.")


@config.command("unset")
@click.argument("keys", nargs=-1, required=True, metavar="KEY...", shell_complete=complete_key)
def unset(keys: tuple[str, ...]) -> None:
    """Take settings out of the profile in use: they are at their defaults again."""
    wanted = [key_of(key) for key in keys]
    store = ProfileStore.of(os.environ)
    name = _profile_in_use(store)
    if not name:
        raise NotFound("No profile is in use: there is nothing to unset. Variables are unset in the shell.")
    found = store.unset(name, wanted)
    for key in wanted:
        if key not in found:
            note(f"The profile {name} does not set {key}.")
    if found:
        say(f"Unset {', '.join(found)} in the profile {name} ({store.path}).")


def _profile_in_use(store: ProfileStore) -> str:
    """Empty where there is none."""
    return os.environ.get("ORCH_PROFILE", "").strip() or store.active()
