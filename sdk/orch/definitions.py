"""What flows and tasks have in common: a function, a name, options that can be changed on a copy, and hooks."""

import sys
from collections.abc import Callable, Mapping
from functools import update_wrapper
from types import FrameType
from typing import TYPE_CHECKING, Any, ClassVar, Self, cast

from orch.engine.attempts import DelaySpec, Retries, retries_of
from orch.engine.hooks import Hook, checked_hooks
from orch.errors import ConfigurationError, ParameterBindError, ReservedArgumentError

if TYPE_CHECKING:
    from orch.states import State, StateType

_CO_GENERATOR, _CO_COROUTINE, _CO_ITERABLE_COROUTINE, _CO_ASYNC_GENERATOR = 0x20, 0x80, 0x100, 0x200


class Definition:
    """A function with options. Subclasses say which options there are, and what a call does."""

    __name__: str
    __qualname__: str
    kind: ClassVar[str]
    """"flow" or "task", for messages."""
    reserved: ClassVar[frozenset[str]] = frozenset({"return_state", "wait_for"})
    """Parameters that functions may not have."""
    hook_options: ClassVar[Mapping[str, "StateType"]]
    """The hooks that there are, by option, and the type of state that each is for."""

    def __init__(self, fn: Callable[..., Any], options: dict[str, Any]) -> None:
        """Raises TypeError, ReservedArgumentError, ConfigurationError, for what cannot be right."""
        self._descriptor: type[Any] | None = type(fn) if isinstance(fn, (classmethod, staticmethod)) else None
        if isinstance(fn, (classmethod, staticmethod)):
            fn = fn.__func__
        if not callable(fn):
            raise TypeError(f"@{self.kind} decorates a function, not {fn!r}.")
        if isinstance(fn, type):
            raise TypeError(f"@{self.kind} decorates a function, not the class {fn.__name__}: decorate its methods.")
        self.fn = fn
        self._options = options
        update_wrapper(cast("Callable[..., Any]", self), fn)
        self.name: str = _name(options.get("name"), fn, self.kind)
        self.version: str | None = options.get("version")
        self.timeout_seconds = _timeout(options.get("timeout_seconds"), self.label)
        self.retry_delay_seconds = options.get("retry_delay_seconds")
        self.retry_plan: Retries = retries_of(
            options.get("retries"),
            _delays(options.get("retry_delay_seconds")),
            options.get("retry_jitter_factor"),
            what=self.label,
        )
        self.log_prints: bool | None = options.get("log_prints")
        self.result_storage: str | None = _storage(options.get("result_storage"))
        self.result_serializer = options.get("result_serializer")
        flags = _code_flags(fn)
        self.isasync = bool(flags & (_CO_COROUTINE | _CO_ITERABLE_COROUTINE | _CO_ASYNC_GENERATOR))
        self.isgenerator = bool(flags & (_CO_GENERATOR | _CO_ASYNC_GENERATOR))
        self._hooks: dict[str, list[Hook]] = {
            option: checked_hooks(options.get(option), argument=option, owner=self.label)
            for option in self.hook_options
        }
        self._refuse_reserved()

    @property
    def retries(self) -> int:
        """How often it is tried again."""
        return self.retry_plan.number

    @property
    def description(self) -> str:
        """What it is for, as people read it: the option, or else the function's docstring without its indentation."""
        # `inspect` is slow to import, and descriptions are rarely asked for.
        from inspect import cleandoc

        return str(self._options.get("description") or cleandoc(self.fn.__doc__ or ""))

    @property
    def label(self) -> str:
        """How messages call it: "flow 'etl'"."""
        return f"{self.kind} {self.name!r}"

    @property
    def key(self) -> str:
        """Names the function across processes: "package.module.function"."""
        return f"{getattr(self.fn, '__module__', '')}.{getattr(self.fn, '__qualname__', self.name)}"

    def hooks_for(self, state: "State[Any]") -> list[Hook]:
        """The hooks to call when a run enters the state."""
        for option, type_ in self.hook_options.items():
            if state.type is type_:
                return self._hooks[option]
        return []

    def named_arguments(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> dict[str, Any]:
        """A call's arguments by name, defaults filled in. Raises ParameterBindError where they do not fit."""
        from orch.parameters import bind

        try:
            return bind(self.fn, args, kwargs)
        except ParameterBindError:
            from orch.logging.uncaught import shorten_uncaught

            shorten_uncaught()  # no run has begun that would have
            raise

    def with_options(self, **changes: Any) -> Self:  # noqa: ANN401 (the decorator's own options)
        """A copy with other options. What is not named stays as it is. Raises TypeError for an unknown option."""
        unknown = changes.keys() - self._known_options()
        if unknown:
            raise TypeError(
                f"{self.kind}.with_options has no option {', '.join(sorted(unknown))}. "
                f"There are: {', '.join(sorted(self._known_options()))}."
            )
        hooks = {option: list(found) for option, found in self._hooks.items() if found}
        return type(self)(self._function(), **{**self._options, **hooks, **changes})

    def _function(self) -> Any:  # noqa: ANN401 (a function, or a descriptor around one)
        return self._descriptor(self.fn) if self._descriptor is not None else self.fn

    @classmethod
    def _known_options(cls) -> frozenset[str]:
        code = cls.__init__.__code__
        return frozenset(code.co_varnames[2 : code.co_argcount + code.co_kwonlyargcount])

    def __get__(self, instance: object, owner: type | None = None) -> Self:
        """As functions do: accessed through an instance, it is bound to it."""
        if self._descriptor is staticmethod:
            return self
        if self._descriptor is classmethod:
            return self._bound(owner if owner is not None else type(instance))
        return self if instance is None else self._bound(instance)

    def _bound(self, instance: object) -> Self:
        from types import MethodType

        # Not `copy`: that goes by `__reduce_ex__`, and would give what an import finds.
        bound = object.__new__(type(self))
        bound.__dict__.update(self.__dict__)
        bound.fn = MethodType(self.fn, instance)
        bound._descriptor = None
        return bound

    def _hook(self, option: str, hook: Hook) -> Hook:
        """Add a hook; what the decorators `@my_task.on_failure` do."""
        self._hooks[option] += checked_hooks([hook], argument=option, owner=self.label)
        return hook

    def _refuse_reserved(self) -> None:
        code = getattr(self.fn, "__code__", None)
        names = code.co_varnames[: code.co_argcount + code.co_kwonlyargcount] if code is not None else ()
        for name in names:
            if name in self.reserved:
                raise ReservedArgumentError(
                    f"The {self.label} has a parameter {name!r}, a name that Orch uses in calls: rename it."
                )

    def __reduce_ex__(self, protocol: Any) -> Any:  # noqa: ANN401 (pickle's own)
        """As functions are: by name where an import finds it. Those of scripts go by name into a plain pickle, which is
        for processes of the same script, and by value into that of a pickler which sends functions so (cloudpickle).
        """
        if self._imported() is self and (self.__module__ != "__main__" or _asked_by_plain_pickle(sys._getframe(1))):
            return self.__qualname__
        return super().__reduce_ex__(protocol)

    def _imported(self) -> object:
        """What an import of its module finds under its name; None where that says nothing."""
        cloudpickle: Any = sys.modules.get("cloudpickle")
        if cloudpickle is not None and self.__module__ in cloudpickle.list_registry_pickle_by_value():
            return None
        found: object = sys.modules.get(self.__module__)
        # A partial function has no name of its own.
        for name in getattr(self, "__qualname__", "").split("."):
            found = getattr(found, name, None)
        return found

    def __repr__(self) -> str:
        return f"<{self.label}>"


def _asked_by_plain_pickle(asking: FrameType) -> bool:
    """Whether `asking`, who wants a pickle, is `pickle` or multiprocessing. Others are picklers with a class of their
    own, whose method `dump` or `save` that is."""
    import pickle

    pickler = asking.f_locals.get("self")
    pure: type = getattr(pickle, "_Pickler", pickle.Pickler)
    return type(pickler) in (pickle.Pickler, pure) or not isinstance(pickler, (pickle.Pickler, pure))


def _name(given: object, fn: Callable[..., Any], kind: str) -> str:
    if given is not None and not isinstance(given, str):
        raise TypeError(
            f"The name of a {kind} is a text, not {given!r}. Options are given by name: @{kind}(name=..., retries=...)."
        )
    if given:
        return given
    name = getattr(fn, "__name__", None) or type(fn).__name__
    return str(name).replace("_", "-") if kind == "flow" else str(name)


def _timeout(seconds: object, what: str) -> float | None:
    if seconds is None:
        return None
    if not isinstance(seconds, (int, float)) or isinstance(seconds, bool) or not 0 < seconds < float("inf"):
        raise ConfigurationError(f"{what}: timeout_seconds is {seconds!r}; write a number of seconds above 0.")
    return float(seconds)


def _delays(given: Any) -> DelaySpec:  # noqa: ANN401 (checked by `retries_of`)
    from datetime import timedelta

    return given.total_seconds() if isinstance(given, timedelta) else given


def _storage(given: object) -> str | None:
    return None if given is None else str(given)


def _code_flags(fn: Callable[..., Any]) -> int:
    from functools import partial

    inner: Any = fn
    while isinstance(inner, partial):
        inner = inner.func
    inner = getattr(inner, "__func__", inner)
    code = getattr(inner, "__code__", None) or getattr(vars(type(inner)).get("__call__"), "__code__", None)
    return code.co_flags if code is not None else 0
