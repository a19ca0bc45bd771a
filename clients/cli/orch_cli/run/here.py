"""`orch run FILE:FLOW`: a flow in this process, as a script would run it."""

import asyncio
import json
import traceback
from pathlib import Path
from typing import TYPE_CHECKING, Any

from orch_cli.failures import CANCELLED, CRASHED, FAILED, OK, Failed, Wrong
from orch_cli.output import Format, document, note, say
from orch_cli.parameters import read_parameters

if TYPE_CHECKING:
    from orch.flows import Flow
    from orch.states import State
    from orch_cli.run import RunOptions

_CODES = {"COMPLETED": OK, "FAILED": FAILED, "CANCELLED": CANCELLED, "CRASHED": CRASHED}


def run_here(target: str, options: "RunOptions") -> None:
    """Run a flow, write its result to standard output, and leave with its end as the exit code. Its own log goes to
    standard error. Raises Wrong for a target or parameters that do not fit.
    """
    _refuse_what_needs_workers(options)
    flow = _load(target)
    if options.name:
        flow = flow.with_options(flow_run_name=options.name.replace("{", "{{").replace("}", "}}"))
    parameters = read_parameters(options.params, options.params_file, schema_json=_schema(flow))
    state = _run(flow, parameters, options.tags)
    _tell(state, options.output)
    if code := _CODES.get(state.type.value, FAILED):
        raise Failed("", exit_code=code)


def _refuse_what_needs_workers(options: "RunOptions") -> None:
    given = {
        "--idempotency-key": options.idempotency_key,
        "--at or --in": options.scheduled_time,
        "--pool": options.pool,
        "--queue": options.queue,
        "--job-variable": options.job_variables,
    }
    if wrong := [name for name, value in given.items() if value]:
        raise Wrong(f"{wrong[0]} goes with a deployment: a flow in a file runs here and now.")


def _load(target: str) -> "Flow[..., Any]":
    from orch.run.entrypoint import EntrypointError, flows_of_file, load_flow

    folder = Path.cwd()
    try:
        if target.endswith(".py"):
            target = _only_flow(target, flows_of_file(target, folder))
        return load_flow(target, folder)
    except EntrypointError as error:
        if error.__cause__ is not None:
            note("".join(traceback.format_exception(error.__cause__)).rstrip())
        raise Wrong(str(error)) from error


def _only_flow(file: str, flows: list[str]) -> str:
    if len(flows) == 1:
        return f"{file}:{flows[0]}"
    if not flows:
        raise Wrong(f"There are no flows in {file}: write @flow above the function.")
    raise Wrong(f"Which flow of {file}? Name one: {', '.join(f'{file}:{name}' for name in flows)}.")


def _schema(flow: "Flow[..., Any]") -> str:
    """What the flow's annotations say of its parameters: a zip code stays a text."""
    from orch.deployments.parameter_schema import parameter_schema

    return json.dumps(parameter_schema(flow))


def _run(flow: "Flow[..., Any]", parameters: dict[str, object], tags: tuple[str, ...]) -> "State[Any]":
    from orch import tags as tagged
    from orch.errors import ParameterBindError, ParameterTypeError

    try:
        with tagged(*tags):
            state = flow(return_state=True, **parameters)
            if flow.isasync:
                state = asyncio.run(_awaited(state))
    except (ParameterBindError, ParameterTypeError) as error:
        raise Wrong(str(error)) from error
    return state  # type: ignore[no-any-return]


async def _awaited(state: Any) -> Any:  # noqa: ANN401 (what an async flow's call gives)
    return await state


def _tell(state: "State[Any]", output: Format) -> None:
    from orch.errors import OrchError
    from orch.parameters.text import jsonable

    result = None
    if state.type.value == "COMPLETED":
        try:
            result = jsonable(state.result())
        except OrchError as error:
            note(str(error))
    if output in (Format.JSON, Format.YAML):
        whole = {"flow_run_id": state.run_id, "type": state.type.value, "name": state.name, "message": state.message}
        say(document({**whole, "result": result}, output))
    elif output is Format.ID:
        say(state.run_id)
    elif result is not None:
        say(result if isinstance(result, str) else document(result, Format.JSON))
