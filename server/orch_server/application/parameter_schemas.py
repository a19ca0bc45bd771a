"""Parameters against the JSON Schema of their deployment: checked wherever a run, or what makes runs, is created.

`jsonschema` is loaded when the first schema is looked at: whoever deploys without one does not pay for it.
"""

import json
import re
from collections.abc import Iterator, Mapping
from datetime import datetime, time
from functools import cache, lru_cache
from itertools import islice
from typing import TYPE_CHECKING, Any

from orch_server.application.bounded_checks import bounded
from orch_server.application.errors import FieldViolation, InvalidArgument
from orch_server.application.parameter_words import Finding, in_words, path_text

if TYPE_CHECKING:
    from jsonschema import FormatChecker, ValidationError
    from jsonschema.protocols import Validator

REASON = "PARAMETERS_INVALID"
_MOST_FINDINGS = 20
_MOST_READ = 128
"""Schemas that are kept ready."""
_ANYTHING = frozenset({"", "{}"})
_PLAIN_FORMATS = ("date", "email", "ipv4", "ipv6", "regex", "uuid")


def refuse_schema(schema: str, field: str) -> None:
    """Raises InvalidArgument for a text that is no JSON Schema, or none that stands by itself."""
    if schema in _ANYTHING:
        return
    from jsonschema import SchemaError

    document = json.loads(schema)
    try:
        _validator_class(document).check_schema(document)
    except SchemaError as error:
        place = path_text(field, tuple(error.absolute_path))
        raise InvalidArgument.of(place, f"is not as JSON Schema has it: {error.message}.") from None
    except RecursionError:
        raise InvalidArgument.of(field, "is nested too deep to be checked.") from None
    for reference in sorted(_references(document)):
        _refuse_reference(schema, reference, field)
    _refuse_circle(schema, field)


def unfit(schema: str, parameters: Mapping[str, Any], field: str, *, defaults: bool = False) -> InvalidArgument | None:
    """Why parameters do not fit a schema that `refuse_schema` has passed, place by place; None where they do.

    defaults: others are laid over these, so that what is missing is not looked at.
    """
    if schema in _ANYTHING:
        return None
    found = list(islice(_findings(schema, parameters, defaults=defaults), _MOST_FINDINGS))
    if not found:
        return None
    return InvalidArgument([FieldViolation(path_text(field, path), text) for path, text in found], reason=REASON)


def _findings(schema: str, parameters: Mapping[str, Any], *, defaults: bool) -> Iterator[Finding]:
    from referencing.exceptions import Unresolvable

    seen: set[Finding] = set()
    try:
        for error in _validator(schema).iter_errors(parameters):
            for finding in in_words(error) if not (defaults and _is_of_the_whole(error)) else ():
                if finding not in seen:
                    seen.add(finding)
                    yield finding
    except RecursionError:
        yield (), "is nested too deep to be checked."
    except (Unresolvable, re.error) as error:
        yield (), f"cannot be checked: the deployment's schema is at fault ({error})."


def _is_of_the_whole(error: "ValidationError") -> bool:
    """Whether a finding is about the parameters as a whole, and not about one that is there."""
    return not error.absolute_path and error.validator not in {"additionalProperties", "type"}


@lru_cache(_MOST_READ)
def _validator(schema: str) -> "Validator":
    from referencing import Registry

    document = json.loads(schema)
    # An empty registry: nothing is ever fetched.
    return bounded(_validator_class(document))(document, registry=Registry(), format_checker=_formats())


def _validator_class(document: Mapping[str, object]) -> "type[Validator]":
    from jsonschema import Draft202012Validator
    from jsonschema.validators import validator_for

    found: type[Validator] = validator_for(document, default=Draft202012Validator)
    return found


@cache
def _formats() -> "FormatChecker":
    """Those that can be checked. Times as Python reads them: with or without a zone, as most functions take them."""
    from jsonschema import FormatChecker

    checker = FormatChecker(_PLAIN_FORMATS)
    checker.checks("date-time", raises=ValueError)(_reads(datetime.fromisoformat))
    checker.checks("time", raises=ValueError)(_reads(time.fromisoformat))
    return checker


def _reads(read: Any) -> Any:  # noqa: ANN401 - either class's method
    def check(value: object) -> bool:
        return not isinstance(value, str) or read(value) is not None

    return check


def _references(document: object) -> set[str]:
    """Every reference anywhere in a schema."""
    found, level = set[str](), [document]
    while level:
        each = level.pop()
        if isinstance(each, dict):
            found |= {value for key, value in each.items() if key in {"$ref", "$dynamicRef"} and isinstance(value, str)}
            level.extend(each.values())
        elif isinstance(each, list):
            level.extend(each)
    return found


def _refuse_reference(schema: str, reference: str, field: str) -> None:
    from referencing import Registry, Resource
    from referencing.exceptions import Unresolvable
    from referencing.jsonschema import DRAFT202012

    resource = Resource.from_contents(json.loads(schema), default_specification=DRAFT202012)
    base = resource.id() or ""
    try:
        Registry().with_resource(base, resource).resolver(base).lookup(reference)
    except Unresolvable:
        text = (
            f"refers to {reference!r}, which is not in it. References must stay within the schema; nothing is fetched."
        )
        raise InvalidArgument.of(field, text) from None


def _refuse_circle(schema: str, field: str) -> None:
    """A schema that says nothing but "as myself" cannot be checked against."""
    try:
        for _ in _validator(schema).iter_errors({}):
            pass
    except RecursionError:
        raise InvalidArgument.of(field, "refers to itself without end.") from None
