"""Launch specs: how runs are started."""

import json

from orch_proto.v1 import launch_pb2
from orch_server.application.errors import InvalidArgument
from orch_server.domain.launch import LaunchSpec
from orch_server.rpc.convert.basics import MAX_JSON_BYTES, check_text
from orch_server.rpc.convert.findings import Findings
from orch_server.rpc.convert.limits import to_json_object

LONGEST_ENTRYPOINT = 1024
MOST_ARGUMENTS = 256
LONGEST_ARGUMENT = 8192


def launch_spec_message(spec: LaunchSpec) -> launch_pb2.LaunchSpec:
    """A launch spec on the wire."""
    message = launch_pb2.LaunchSpec()
    write_launch_spec(message, spec)
    return message


def write_launch_spec(message: launch_pb2.LaunchSpec, spec: LaunchSpec) -> None:
    """Fill an empty message, or a field of another one, with a launch spec: there, even where it says nothing."""
    message.SetInParent()
    message.entrypoint = spec.entrypoint
    message.command.extend(spec.command)
    message.pull_steps_json = spec.pull_steps
    message.job_variables_json = spec.job_variables


def to_launch_spec(message: launch_pb2.LaunchSpec, field: str) -> LaunchSpec:
    """A launch spec from the wire: either an entrypoint or a command. InvalidArgument names each wrong field of it."""
    with Findings() as findings:
        findings.expect(
            bool(message.entrypoint) != bool(message.command),
            field,
            'needs either an entrypoint ("flows/etl.py:main") or a command, '
            + ("not both." if message.entrypoint else "and has neither."),
        )
        entrypoint = findings.read(lambda: _to_entrypoint(message.entrypoint, f"{field}.entrypoint"), "")
        none: tuple[str, ...] = ()
        command = findings.read(lambda: _to_command(tuple(message.command), f"{field}.command"), none)
        steps = findings.read(lambda: _to_pull_steps(message.pull_steps_json, f"{field}.pull_steps_json"), "")
        variables_field = f"{field}.job_variables_json"
        variables = findings.read(lambda: to_json_object(message.job_variables_json, variables_field), "")
    return LaunchSpec(entrypoint, command, steps, variables)


def _to_entrypoint(text: str, field: str) -> str:
    check_text(text, field, longest=LONGEST_ENTRYPOINT)
    path, colon, function = text.rpartition(":")
    if text and not (path and colon and function):
        shown = f"{text[:64]!r} is neither"
        raise InvalidArgument.of(field, f'{shown} "path/to/file.py:function" nor "package.module:function".')
    return text


def _to_command(command: tuple[str, ...], field: str) -> tuple[str, ...]:
    if len(command) > MOST_ARGUMENTS:
        raise InvalidArgument.of(field, f"{len(command)} arguments are more than the limit of {MOST_ARGUMENTS}.")
    if command and not command[0]:
        raise InvalidArgument.of(f"{field}[0]", "is empty, and it names the program.")
    return tuple(check_text(text, f"{field}[{place}]", longest=LONGEST_ARGUMENT) for place, text in enumerate(command))


def _to_pull_steps(text: str, field: str) -> str:
    if not text:
        return ""
    if len(text.encode()) > MAX_JSON_BYTES:
        raise InvalidArgument.of(field, f"is longer than the limit of {MAX_JSON_BYTES} bytes (512 KiB).")
    try:
        steps = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise InvalidArgument.of(field, f"is not JSON: {error}.") from None
    if not isinstance(steps, list) or not all(isinstance(step, dict) for step in steps):
        raise InvalidArgument.of(field, "must be a JSON array of objects, one a step.")
    return text
