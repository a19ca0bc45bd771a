"""What can go wrong with the engine.

EngineError                 the engine did not do what was asked
├── EngineAwayError         it does not answer
└── EngineRefusedError      it answered, and said no
"""


class EngineError(Exception):
    """The engine did not do what was asked."""


class EngineAwayError(EngineError):
    """It does not answer: not running, restarting, or not reachable. The text says what was seen."""


class EngineRefusedError(EngineError):
    """It answered, and said no."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status
        """Of HTTP: 404 for what is not there, 409 for what its state forbids. 0: it said so later, in a stream."""
        self.message = message
