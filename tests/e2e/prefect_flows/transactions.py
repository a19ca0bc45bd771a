"""Transactions: what is rolled back when, in which order, and what is kept between the tasks of one."""

from orch import flow, task
from orch.transactions import Transaction, get_transaction, transaction

events: list[str] = []


@task
def write(name: str) -> str:
    events.append(f"write {name}")
    return name


@write.on_rollback
def unwrite(txn: Transaction) -> None:
    events.append("rollback of write")


@write.on_commit
def committed(txn: Transaction) -> None:
    events.append("commit of write")


@task
def other(name: str) -> str:
    events.append(f"other {name}")
    return name


@other.on_rollback
def undo_other(txn: Transaction) -> None:
    events.append(f"rollback of other, key {txn.get('seen', 'none')}")


@task
def check(good: bool) -> None:
    events.append("check")
    if not good:
        raise ValueError("not good")


@flow
def goes_well() -> None:
    with transaction():
        write("a")
        other("b")
        check(True)
        events.append("end of block")
    events.append("after block")


@flow
def goes_wrong() -> None:
    with transaction():
        write("a")
        other("b")
        check(False)


@flow
def caught_outside() -> str:
    try:
        with transaction():
            write("a")
            raise RuntimeError("in the block")
    except RuntimeError as error:
        events.append("caught")
        return str(error)


@flow
def caught_inside() -> None:
    with transaction():
        write("a")
        try:
            check(False)
        except ValueError:
            events.append("caught inside")


@flow
def without_transaction() -> None:
    write("a")
    check(False)


@flow
def nested() -> None:
    with transaction():
        write("outer")
        with transaction():
            other("inner")
        check(False)


@flow
def values_of_a_transaction() -> list[object]:
    with transaction() as txn:
        txn.set("seen", "yes")
        with transaction() as inner:
            seen = inner.get("seen")
            inner.set("own", 1)
        current = get_transaction()
        return [seen, txn.get("own", "not outside"), current is txn, txn.is_committed()]


@flow
def hook_fails() -> None:
    with transaction():
        write("a")
        failing_rollback()
        check(False)


@task
def failing_rollback() -> None:
    events.append("failing rollback")


@failing_rollback.on_rollback
def fail(txn: Transaction) -> None:
    events.append("rollback that fails")
    raise RuntimeError("in a hook")


@flow
def by_hand() -> None:
    with transaction() as txn:
        write("a")
        txn.rollback()
    events.append(txn.state.name)


FLOWS = (
    goes_well,
    goes_wrong,
    caught_outside,
    caught_inside,
    without_transaction,
    nested,
    hook_fails,
    by_hand,
)


def main() -> object:
    outcome: dict[str, object] = {}
    for each in FLOWS:
        events.clear()
        state = each(return_state=True)
        outcome[each.name] = [state.type.value, *events]
    outcome["values"] = values_of_a_transaction()
    return outcome
