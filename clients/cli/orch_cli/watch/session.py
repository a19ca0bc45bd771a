"""A run is followed to its end, and its end becomes the command's."""

from typing import TYPE_CHECKING

from orch_cli.failures import INTERRUPTED, Failed
from orch_cli.flow_run.columns import took
from orch_cli.output import Format, clean, json_line, note, plain, say
from orch_cli.results import shown_result
from orch_cli.watch.ending import exit_code
from orch_cli.watch.follower import follow
from orch_cli.watch.lines import check_lines_format
from orch_cli.watch.position import LogPosition
from orch_cli.watch.view import watching

if TYPE_CHECKING:
    from orch_client.client import Client
    from orch_proto.v1.flow_run_pb2 import FlowRun


def watch_to_end(orch: "Client", flow_run_id: str, *, output: Format, position: LogPosition | None) -> None:
    """Follow a run, and its log from a position on where there is one, to its end; say how it went, and leave with the
    exit code of its end (`failures`).

    Ctrl-C leaves the run as it is: says how to stop it, and exits with 130. Raises errors of orch_client.
    """
    check_lines_format(output)
    try:
        with watching(orch, flow_run_id, output=output) as watcher:
            run = follow(orch, flow_run_id, watcher, position=position)
    except KeyboardInterrupt:
        raise Failed(
            f"Not watching any more; the run goes on.\nIts end: `orch flow-run watch {flow_run_id}`."
            f" To stop it: `orch flow-run cancel {flow_run_id}`.",
            exit_code=INTERRUPTED,
        ) from None
    if output is Format.JSON:
        whole = plain(run)
        assert isinstance(whole, dict)
        say(json_line({"kind": "end", **whole}))
    else:
        note(_last_words(run))
    if code := exit_code(run):
        raise Failed("", exit_code=code)


def _last_words(run: "FlowRun") -> str:
    length = took(run)
    words = f"Flow run {clean(run.name)!r} ended after {length}." if length else f"Flow run {clean(run.name)!r} ended."
    lines = [words]
    if run.HasField("result") and (result := shown_result(run.result)) not in ("", "null"):
        lines.append(f"Result: {clean(result)}")
    lines.append(f"All of it: `orch flow-run inspect {run.flow_run_id}`")
    return "\n".join(lines)
