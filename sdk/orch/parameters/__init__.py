"""Parameters of flows and tasks: from a call's arguments to named values and back.

    plan = plan_for(function)                    the signature, read once
    parameters = bind(function, args, kwargs)    arguments as named values, defaults filled in
    parameters = validated(function, parameters) each made into what its annotation says
    args, kwargs = call_with(function, parameters)
    json_text(parameters)                        what the run's record keeps of them
    schema(function)                             what may be given, as JSON schema

Pydantic is imported by the first value whose type is not plainly the annotation's: it costs more than `import orch`.
"""

from orch.parameters.signatures import CallPlan, bind, call_with, plan_for
from orch.parameters.text import json_text
from orch.parameters.validation import schema, validated

__all__ = ["CallPlan", "bind", "call_with", "json_text", "plan_for", "schema", "validated"]
