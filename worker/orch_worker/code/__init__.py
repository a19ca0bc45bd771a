"""How a run's code gets to the machine: pull steps fetch it, install steps make its environment; both are kept.

`prepare` does what a deployment's pull steps say, and answers with a working folder, an interpreter, and what to add to
the run's environment. What was fetched is kept in a folder, known by its content: a git commit, an archive's hash, a
lock file's hash. docs/code.md has the steps.

The rooms: `steps` are what `parsing` reads; `git`, `archives` and `installing` do them; `store` keeps what was made,
locked, so that workers may share it; `programs` runs git, pip and npm; `errors` has CodeError.
"""

from orch_worker.code.errors import CodeError
from orch_worker.code.preparing import Prepared, prepare
from orch_worker.code.store import Hold, hold_again

__all__ = ["CodeError", "Hold", "Prepared", "hold_again", "prepare"]
