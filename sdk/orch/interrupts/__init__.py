"""Stopping user code that runs: at a deadline, or on demand.

    call, acall   run a function, a coroutine, so that it can be stopped
    Target        what others hold to stop it, from any thread

What is raised inside of the code is an `orch.errors.Interrupt`, no Exception, so that `except Exception` in user code
does not swallow it; a deadline's becomes the caller's own timeout error where it leaves the code. An interrupt that has
been raised in the code cannot be swallowed by it: `call` raises it again. One that comes when the code has ended is
dropped, and is never raised in whatever runs next.

targets     what is stopped, and whether it has ended
calls       `call` and `acall`
delivery    how an error gets into a thread: by a signal in the main one, else by an asynchronous exception
deadlines   one thread that keeps all deadlines
"""

from orch.interrupts.calls import acall, call
from orch.interrupts.targets import Target

__all__ = ["Target", "acall", "call"]
