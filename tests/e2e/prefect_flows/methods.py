"""Methods as tasks and flows: of instances, of classes, static ones; callable classes of one's own."""

import asyncio

from orch import flow, task


class Warehouse:
    kind = "cold"

    def __init__(self, name: str) -> None:
        self.name = name

    @task
    def stock(self, item: str, count: int = 1) -> str:
        return f"{self.name}: {count} {item}"

    @task(name="count by class")
    @classmethod
    def of_class(cls, item: str) -> str:
        return f"{cls.__name__} {cls.kind} {item}"

    @task
    @staticmethod
    def of_nobody(item: str) -> str:
        return f"static {item}"

    @classmethod
    @task
    def class_outside(cls, item: str) -> str:
        return f"outside {cls.__name__} {item}"

    @staticmethod
    @task
    def static_outside(item: str) -> str:
        return f"static outside {item}"

    @task
    async def later(self, item: str) -> str:
        return f"{self.name} later {item}"

    @flow
    def fill(self, items: list[str]) -> list[str]:
        return [self.stock(item) for item in items]

    @flow
    @classmethod
    def fill_class(cls, items: list[str]) -> list[str]:
        return [cls.of_class(item) for item in items]

    @flow
    @staticmethod
    def fill_nobody(items: list[str]) -> list[str]:
        return [Warehouse.of_nobody(item) for item in items]

    @flow
    async def fill_later(self, item: str) -> str:
        return await self.later(item)


class Frozen(Warehouse):
    kind = "frozen"


@flow
def everything() -> dict[str, object]:
    first, second = Warehouse("first"), Frozen("second")
    return {
        "instance": [first.stock("apples"), second.stock("pears", count=3)],
        "submit": first.stock.submit("plums").result(),
        "map": second.stock.map(["a", "b"], count=2).result(),
        "class": [Warehouse.of_class("x"), first.of_class("y"), Frozen.of_class("z")],
        "static": [Warehouse.of_nobody("x"), Frozen.of_nobody("y")],
        "outside": [Warehouse.static_outside("y")],
        "subflow": [first.fill(["c", "d"]), second.fill_class(["e"]), Warehouse.fill_nobody(["f"])],
        "names": [first.stock.name, Warehouse.of_class.name, Warehouse.of_nobody.name, Warehouse.fill.name],
    }


def main() -> object:
    warehouse = Warehouse("outer")
    return {
        **everything(),
        "flows": [warehouse.fill(["g"]), Frozen.fill_class(["h"]), Frozen.fill_nobody(["i"])],
        "async": asyncio.run(warehouse.fill_later("j")),
    }
