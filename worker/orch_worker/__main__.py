"""`python -m orch_worker` is `orch-worker`."""

from orch_worker.command import main

main()
