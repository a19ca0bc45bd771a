"""Job variables of containers, read with pydantic; what is wrong with them is said as for process pools."""

import shlex
from collections.abc import Iterable, Mapping, Sequence
from difflib import get_close_matches
from typing import Annotated, Any, TypeVar

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from orch_worker.launchers.base import LaunchError

_WHERE_TO_CHANGE = "Change it in the deployment, the run or the work pool."
_INPUT_SHOULD = "Input should "
_OWN_WORDS = "Value error, "
_Location = tuple[int | str, ...]


def _command(value: object) -> object:
    """A text is split as a shell would split it."""
    if isinstance(value, str):
        try:
            value = shlex.split(value)
        except ValueError as error:
            raise ValueError(f"it must be a command; a shell could not read it: {error}") from None
    if not isinstance(value, list) or not value or not all(isinstance(each, str) and each for each in value):
        raise ValueError('it must be a command, as a text or a list of texts, like ["python", "-m", "orch.run"]')
    return tuple(value)


def _environment(value: object) -> object:
    if not isinstance(value, dict):
        raise ValueError("it must be an object of names and texts")
    return {name: _environment_text(str(name), each) for name, each in value.items() if each is not None}


def _environment_text(name: str, value: object) -> str:
    if not name or "=" in name or "\0" in name:
        raise ValueError(f"it must have names without = in them, and {name!r} is none")
    if isinstance(value, bool) or not isinstance(value, str | int | float) or "\0" in str(value):
        raise ValueError(f"{name} in it must be a text (numbers are taken for texts, null takes the variable away)")
    return str(value)


def _labels(value: object) -> object:
    if not isinstance(value, dict) or not all(isinstance(each, str) for pair in value.items() for each in pair):
        raise ValueError("it must be an object of names and texts")
    return value


Command = Annotated[tuple[str, ...], BeforeValidator(_command)]
"""A program and its arguments: a list of texts, or one text."""
Environment = Annotated[Mapping[str, str], BeforeValidator(_environment)]
"""Names and texts; numbers become texts, what is null is left out."""
Labels = Annotated[Mapping[str, str], BeforeValidator(_labels)]
"""Names and texts."""


class ContainerVariables(BaseModel):
    """Job variables that all pools of containers have. Others add their own."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    image: str = Field(min_length=1)
    """What the container is made of. It has no default: nobody can guess it."""
    command: Command = ("python", "-m", "orch.run")
    """What runs a Python flow. A deployment of a command has its own."""
    env: Environment = Field(default_factory=dict, repr=False)
    """Added to the environment of the image."""
    working_dir: str | None = None
    """Where it runs; without it, where the code is, or where the image says."""
    labels: Labels = Field(default_factory=dict)
    """Added to those by which the launcher knows its containers."""
    grace_seconds: float = Field(default=30.0, ge=0)
    """How long it may take to end when it is asked to. Used by whoever stops it."""
    stream_output: bool = True
    """Whether its lines become the run's log."""


V = TypeVar("V", bound=BaseModel)


def read_variables(model: type[V], variables: Mapping[str, object], *, pool_type: str) -> V:
    """Job variables as `model` has them. Raises LaunchError, which names the variable, what is wrong and what would be
    right. It shows the wrong value, save of fields with `repr=False`, which may hold secrets.
    """
    # Templates name variables that nobody has given a value.
    given = {name: value for name, value in variables.items() if value is not None}
    try:
        return model.model_validate(given)
    except ValidationError as error:
        # One at a time: what is wrong with one variable is often wrong with the next for the same reason. Names come
        # first: what is missing under one name was often given under another.
        first = min(error.errors(include_url=False), key=lambda found: found["type"] != "extra_forbidden")
        raise LaunchError(
            _in_words(first["type"], first["loc"], first["msg"], first["input"], model, pool_type)
        ) from None


def _in_words(
    kind: str, location: _Location, message: str, value: object, model: type[BaseModel], pool_type: str
) -> str:
    name = _path(location)
    if kind == "extra_forbidden":
        return _unknown(name, _known_at(model, location), pool_type)
    if kind == "missing":
        return f"The job variable {name} is missing. Set it in the deployment, the run or the work pool."
    if not location:
        return f"The job variables {message.removeprefix(_OWN_WORDS)}. {_WHERE_TO_CHANGE}"
    shown = repr(value) if model.model_fields[str(location[0])].repr else "wrong"
    return f"The job variable {name} is {shown}; {_wanted(message)}. {_WHERE_TO_CHANGE}"


def _wanted(message: str) -> str:
    """What would be right, from pydantic's words or from those of a validator."""
    if message.startswith(_INPUT_SHOULD):
        return f"it must {message.removeprefix(_INPUT_SHOULD)}"
    return message.removeprefix(_OWN_WORDS)


def _unknown(name: str, known: Sequence[str], pool_type: str) -> str:
    near = get_close_matches(name.rpartition(".")[2], known, 1)
    guess = f" Did you mean {near[0]}?" if near else ""
    there = f" There are: {', '.join(known)}." if known else ""
    return f"The job variable {name} is not known to {pool_type} pools.{guess}{there}"


def _known_at(model: type[BaseModel], location: _Location) -> Sequence[str]:
    """What there is at the place of an unknown name; empty where that is not a model of its own."""
    found: Any = model
    for step in location[:-1]:
        fields: Mapping[str, Any] = getattr(found, "model_fields", {})
        if isinstance(step, str) and step in fields:
            found = _model_in(fields[step].annotation)
    return list(getattr(found, "model_fields", {}))


def _model_in(annotation: Any) -> Any:  # noqa: ANN401
    """The model that a field holds, alone or among others: `Model`, `Model | None`, `tuple[Model, ...]`."""
    inner: Iterable[Any] = getattr(annotation, "__args__", ())
    for each in (annotation, *inner):
        if isinstance(each, type) and issubclass(each, BaseModel):
            return each
    return None


def _path(location: _Location) -> str:
    path = ""
    for step in location:
        path += f"[{step}]" if isinstance(step, int) else f".{step}" if path else step
    return path
