"""Values as pickles: what has no exact form in JSON.

cloudpickle writes classes of the user's script into the pickle itself, because other programs have no such module. Read
back by the script, an object would be of a copy of its class, and `isinstance` would say no. So such a class is written
with its name beside its definition: a process whose script has a class of that name takes that one.
"""

import io
import pickle

import cloudpickle

from orch.results.class_names import class_name, find_class

PROTOCOL = 5
"""The oldest that writes large arrays without copying them; every supported Python reads it."""


class _Pickler(cloudpickle.Pickler):  # type: ignore[misc]
    def reducer_override(self, obj: object) -> object:
        if isinstance(obj, type) and obj.__module__ in ("__main__", "__mp_main__"):
            name = class_name(obj)
            if name is not None:
                return script_class, (name, cloudpickle.dumps(obj, protocol=PROTOCOL))
        return super().reducer_override(obj)


def script_class(name: str, definition: bytes) -> type:
    """The class of the script by this name; where there is none, the one that the definition makes."""
    from orch.errors import ResultSerializationError

    try:
        return find_class(name)
    except ResultSerializationError:
        made: type = pickle.loads(definition)
        return made


def dumps(value: object) -> bytes:
    """The value as a pickle. Raises whatever the value's own pickling raises."""
    into = io.BytesIO()
    _Pickler(into, protocol=PROTOCOL).dump(value)
    return into.getvalue()


def loads(data: bytes) -> object:
    """What `dumps` wrote. Raises whatever the value's own unpickling raises."""
    return pickle.loads(data)
