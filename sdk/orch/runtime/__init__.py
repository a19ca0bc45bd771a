"""What can be asked about the run that the calling code belongs to.

    from orch.runtime import deployment, flow_run, task_run

    flow_run.id, flow_run.name, task_run.task_name ...

Outside of runs every attribute is empty: None, "", [] or {}.
"""

from orch.runtime import deployment, flow_run, task_run

__all__ = ["deployment", "flow_run", "task_run"]
