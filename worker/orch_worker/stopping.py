"""How orders to end are carried out."""

from dataclasses import dataclass

from orch_worker.attempt_facts import AttemptFacts
from orch_worker.held_runs import Order


@dataclass(frozen=True, slots=True)
class StopRule:
    """One order's."""

    remark: str = ""
    """For the run's log; empty: it would not be taken there any more."""
    patience_for_processes_seconds: float = 0.0
    """A run's own process hears of it by itself, and may end by itself within this time."""
    patience_for_commands_seconds: float = 0.0
    """The same for a command, which may have reported the run's end itself, but hears of nothing."""
    exclusive_waits: bool = False
    """Whether that holds for an exclusive run, too: it is still its holder's."""
    by_force: bool = False
    """Without the run's grace."""

    def patience_seconds(self, facts: AttemptFacts) -> float:
        """How long an attempt may go on before it is asked to end. An exclusive one that is lost may not."""
        if facts.command:
            return self.patience_for_commands_seconds
        return 0.0 if facts.exclusive and not self.exclusive_waits else self.patience_for_processes_seconds


STOP_RULES = {
    Order.WORKER_STOPS: StopRule("The worker was told to stop at once."),
    Order.CANCEL: StopRule("A stop was asked for.", patience_for_processes_seconds=2.0, exclusive_waits=True),
    Order.FINISHED: StopRule(patience_for_processes_seconds=10.0, patience_for_commands_seconds=10.0),
    Order.LOST: StopRule(patience_for_processes_seconds=2.0),
    Order.OVERDUE: StopRule("The lease may run out before the control plane can be reached.", by_force=True),
}
