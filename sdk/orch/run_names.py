"""What runs are called: a random name that people can say aloud, or what a template makes of the parameters."""

import os
from collections.abc import Callable, Mapping
from functools import cache
from typing import Any

from orch.errors import RunNameError

_ADJECTIVES = """
able active agile airy alert amber ample amused ancient apt ardent astute autumn aware azure balmy bashful beaming
blithe bold bouncy brainy brave breezy brief bright brisk bronze bubbly busy calm candid careful caring casual cheeky
cheerful chestnut chipper civil clear clever coastal cobalt copper coral cosmic cosy crafty creamy crimson crisp
curious curly dainty dandy dapper daring dashing dazzling deft devoted dewy diligent direct dreamy dulcet dusky eager
early earnest easy elated electric elegant emerald eminent endless epic ethereal exact fabled fair faithful famous
fancy fearless festive fine fleet floral fluffy fond frank free fresh friendly frosty funny gallant gentle giddy
gifted gilded glad gleaming glossy golden good graceful grand grateful green hale handy happy hardy hazel hearty
helpful hidden honest hopeful humble humming icy ideal indigo inventive ivory jade jaunty jolly jovial joyful keen
kind lavender lean light lilac lively lofty loyal lucid lucky lunar lush magenta magic majestic maroon mellow merry
mighty mild mindful mint misty modest mossy moving neat nifty nimble noble northern olive onyx opal orange patient
peachy pearly peppy placid playful pleasant plucky plum poised polite proud prudent quaint quick quiet quirky radiant
rapid rare ready regal rosy royal ruby rustic sable sage salty sandy sapphire scarlet serene sharp shiny silent silky
silver sincere sleek smart smiling smooth snappy snowy solar solid spry stately steady stellar sturdy subtle sunny
swift tawny teal tender thrifty tidy topaz tranquil trusty twilight upbeat valiant velvet verdant vivid warm wandering
whimsical wise witty zany zealous zesty
"""

_ANIMALS = """
addax albatross alpaca anchovy angelfish anole ant anteater antelope aphid armadillo auk axolotl badger bandicoot
barbel barnacle barracuda bat beagle bear beaver bee beetle bison bittern boar bobcat bongo bonobo booby buffalo
bulbul bullfinch bumblebee bunting bustard butterfly buzzard caiman camel canary capuchin capybara caracal caribou
cassowary cat catfish centipede chaffinch chameleon chamois cheetah chickadee chinchilla chipmunk cicada clam coati
cobra cockatoo cod collie condor coot coral cormorant corgi cougar coyote crab crane crayfish cricket crow cuckoo
curlew cuttlefish deer dhole dingo dolphin dormouse dove dragonfly duck dugong dunlin eagle echidna eel egret eland
elephant elk emu ermine falcon ferret finch firefly flamingo flounder fossa fox frog gannet gazelle gecko gerbil
gibbon giraffe gnu goat goldfinch goose gopher goshawk grouse guanaco gull guppy haddock halibut hamster hare harrier
hawk hedgehog heron herring hippo hornbill hornet horse hummingbird husky hyrax ibex ibis iguana impala jackal jackdaw
jaguar jay jellyfish jerboa kakapo kangaroo kestrel kingfisher kinkajou kite kiwi koala kookaburra kudu ladybird
lapwing lark lemming lemur leopard linnet lion lizard llama lobster loris lynx macaque macaw magpie mallard manatee
mandrill manta marlin marmoset marmot marten meerkat mink mole mongoose moorhen moose moth mouse mule narwhal newt
nightjar numbat ocelot octopus okapi opossum orca oriole oryx osprey ostrich otter owl oyster panda pangolin panther
parrot partridge peacock pelican penguin perch petrel pheasant pigeon pika pike piranha platypus plover polecat
porcupine porpoise puffin puma quail quokka quoll rabbit raccoon raven redstart reindeer robin rook salamander salmon
sandpiper seahorse seal serval shark sheep shrew skink skylark sloth snail sparrow spoonbill squid squirrel starfish
starling stingray stoat stork swallow swan swift tamarin tapir tarsier tern thrush tiger toad tortoise toucan trout
tuna turkey turtle viper vole vulture wagtail wallaby walrus warbler weasel weevil whale wigeon wolf wolverine wombat
woodcock woodpecker wren yak zebra
"""


def random_name() -> str:
    """An adjective and an animal, such as `quick-lynx`. Names repeat; ids are what tells runs apart."""
    adjectives, animals = _words()
    # Not the random module: a seed that the user sets for his own numbers must not decide, or be disturbed by, names.
    number = int.from_bytes(os.urandom(8), "big")
    return f"{adjectives[number % len(adjectives)]}-{animals[(number >> 32) % len(animals)]}"


@cache
def _words() -> tuple[list[str], list[str]]:
    return _ADJECTIVES.split(), _ANIMALS.split()


def render(
    template: str | Callable[..., str],
    parameters: Mapping[str, object],
    defaults: Mapping[str, object] | None = None,
    *,
    setting: str = "flow_run_name",
) -> str:
    """The name that `template` gives a run with these parameters.

    A string is filled in as `str.format` does: `"{city}-on-{day:%A}"`. A function is called without arguments, or
    with the parameters where it has an argument `parameters`. `defaults` are further fields; a parameter of the same
    name wins. `setting` is what error messages call the template.

    Raises:
        RunNameError: the template names a field that does not exist or does not fit, or the function returned
            something other than a string. What the function itself raises comes through as it is.
    """
    if isinstance(template, str):
        return _filled(template, {**(defaults or {}), **parameters}, setting)
    if not callable(template):
        raise RunNameError(f"{setting} is a {type(template).__name__}. Give a string or a function that returns one.")
    name: object = template(parameters=dict(parameters)) if _takes_parameters(template) else template()
    if not isinstance(name, str):
        raise RunNameError(
            f"The function given as {setting} returned {name!r}, a {type(name).__name__}. It must return a string."
        )
    return name


def _filled(template: str, fields: Mapping[str, object], setting: str) -> str:
    try:
        return template.format(**fields)
    except KeyError as error:
        known = ", ".join(sorted(fields)) or "none"
        raise RunNameError(
            f"{setting} {template!r} uses the field {error}, which does not exist. Fields it may use: {known}."
        ) from error
    except (AttributeError, IndexError, TypeError, ValueError) as error:
        raise RunNameError(
            f"{setting} {template!r} cannot be filled in: {error}. It follows the rules of str.format; "
            "write {{ and }} for braces that should stay."
        ) from error


def _takes_parameters(function: Callable[..., Any]) -> bool:
    import inspect

    try:
        return "parameters" in inspect.signature(function).parameters
    except ValueError:  # some builtins tell nothing about their arguments
        return False
