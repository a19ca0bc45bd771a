"""How a run is started: stored and handed out by the control plane, understood by launchers."""

from orch_server.domain.values import value


@value
class LaunchSpec:
    """Either a Python `entrypoint` ("file.py:function") or a `command`. The rest is JSON text."""

    entrypoint: str = ""
    command: tuple[str, ...] = ()
    pull_steps: str = ""
    job_variables: str = ""


NO_LAUNCH_SPEC = LaunchSpec()
