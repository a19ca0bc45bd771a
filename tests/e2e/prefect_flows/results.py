"""Results that are kept: serializers, storage keys, results of flows, results that are not kept."""

from dataclasses import dataclass

from orch import flow, task


@dataclass
class Point:
    x: int
    y: int


@task(persist_result=True)
def point() -> Point:
    return Point(1, 2)


@task(persist_result=True, result_serializer="json")
def as_json() -> dict[str, list[int]]:
    return {"numbers": [1, 2, 3]}


@task(persist_result=True, result_serializer="compressed/pickle")
def compressed() -> str:
    return "x" * 1000


@task(persist_result=True, result_serializer="compressed/json")
def compressed_json() -> list[int]:
    return [1, 2]


@task(persist_result=True, result_storage_key="named-{parameters[name]}.txt")
def under_a_name(name: str) -> str:
    return f"content of {name}"


@task(cache_result_in_memory=False, persist_result=True)
def not_in_memory() -> int:
    return 5


@task(persist_result=False)
def not_persisted() -> object:
    return object


@flow(persist_result=True, result_serializer="json")
def kept() -> dict[str, int]:
    return {"kept": 1}


@flow
def values() -> list[object]:
    read = under_a_name("one")
    return [
        repr(point()),
        point.submit().result().x,
        as_json(),
        len(compressed()),
        compressed_json(),
        read,
        not_in_memory(),
        not_in_memory.submit().result(),
        not_persisted() is object,
    ]


@flow
def through_states() -> list[object]:
    return [
        repr(point(return_state=True).result()),
        as_json(return_state=True).result(),
        not_in_memory(return_state=True).result(),
        not_persisted(return_state=True).result() is object,
    ]


@flow
def unserializable() -> list[str]:
    state = lambda_as_json(return_state=True)
    return [state.type.value, state.name]


@task(persist_result=True, result_serializer="json")
def lambda_as_json() -> object:
    return lambda: None


def main() -> object:
    return {
        "values": values(),
        "states": through_states(),
        "flow": [kept(), kept(return_state=True).result()],
    }
