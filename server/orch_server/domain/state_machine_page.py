"""Prints docs/state_machine.md from the transition table: `python -m orch_server.domain.state_machine_page`."""

import sys

from orch_server.domain.states import TERMINAL, StateType
from orch_server.domain.transitions import Event, all_transitions

_MEANING = {
    Event.GRANT: "a worker is granted the run; the fencing token rises",
    Event.PROGRESS: "the holder tells more about a state that goes on",
    Event.START: "the holder reports that the user's code runs",
    Event.PAUSE: "the holder reports that the run holds still",
    Event.COMPLETE: "the holder reports that the code returned",
    Event.FAIL: "the code failed, no retry is left",
    Event.RETRY: "the code failed, a retry is left",
    Event.CRASH: "the surroundings ended the run, no restart is left",
    Event.RESTART: "the surroundings ended the run, a restart is left",
    Event.REQUEUE: "released, or contact lost, before the run had started",
    Event.STOP: "stopped on request, or lost its holder while being cancelled",
    Event.REQUEST_CANCEL: "somebody asks for a stop",
    Event.RECLAIM: "a lost holder is back with the newest token, before anyone else got the run it had started",
    Event.REGAIN: "the same, where the run had not started",
    Event.RERUN: "somebody asks for one more attempt",
    Event.RESUME: "a process takes a run of no pool up again; the fencing token rises",
}


def page() -> str:
    """The page as Markdown: a diagram, the events, the arrows."""
    arrows = list(all_transitions())
    diagram = [f"    {a.source.name} --> {a.destination.name}: {a.event}" for a in arrows if a.source != a.destination]
    ends = [f"    {state.name} --> [*]" for state in StateType if state in TERMINAL]
    return "\n".join(
        [
            "# The state machine of flow runs",
            "",
            "Printed from `server/orch_server/domain/transitions.py` by `make generate`. Do not edit.",
            "",
            "```mermaid",
            "stateDiagram-v2",
            "    [*] --> SCHEDULED",
            "    [*] --> RUNNING: started by its own process",
            *diagram,
            *ends,
            "```",
            "",
            "| event | what happens |",
            "|---|---|",
            *(f"| {event} | {_MEANING[event]} |" for event in Event),
            "",
            "| from | event | to | lease |",
            "|---|---|---|---|",
            *(f"| {a.source.name} | {a.event} | {a.destination.name} | {a.lease} |" for a in arrows),
            "",
        ]
    )


if __name__ == "__main__":
    sys.stdout.write(page())
