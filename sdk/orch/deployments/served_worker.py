"""`python -m orch.deployments.served_worker …`: a worker that ends with the process that serves.

The worker's package is started by its name: the SDK does not know it.
"""

import os
import runpy
import signal
import sys

_PR_SET_PDEATHSIG = 1  # linux/prctl.h


def main() -> None:
    """Follow the process that serves into its end, then be a worker."""
    served_by = os.environ.pop("ORCH_SERVED_BY", "")
    if sys.platform == "linux":
        import ctypes

        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
    if served_by and os.getppid() != int(served_by):
        return  # it has ended already
    runpy.run_module("orch_worker", run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    main()
