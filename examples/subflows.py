"""Flows made of flows: a subflow for each share, one of them failing, and a parent that decides what that means.

    python examples/subflows.py

Works through ten years of monthly share prices. Each share is a flow run of its own, with its own tasks, parameters,
state and logs, to be seen and run alone. `ACME` is not in the data: its subflow fails. The parent takes the states of
its subflows instead of their values, reports on those that went well, and ends by their states all the same.
"""

import csv
from importlib.metadata import distribution
from itertools import pairwise
from pathlib import Path

from orch import State, flow, task
from orch.states import Completed, Failed

Prices = list[tuple[str, float]]


@task(persist_result=False)
def read_prices(symbol: str) -> Prices:
    """A share's month and price, oldest first."""
    path = distribution("vega-datasets").locate_file("vega_datasets/_data/stocks.csv")
    with Path(str(path)).open() as file:
        prices = [(row["date"], float(row["price"])) for row in csv.DictReader(file) if row["symbol"] == symbol]
    if not prices:
        raise LookupError(f"no prices of {symbol}")
    return prices


@task
def total_return(prices: Prices) -> float:
    """Last price over first, less one."""
    return prices[-1][1] / prices[0][1] - 1


@task
def worst_month(prices: Prices) -> tuple[str, float]:
    """The month of the deepest fall, and how deep it was."""
    falls = ((month, price / before - 1) for (_, before), (month, price) in pairwise(prices))
    return min(falls, key=lambda fall: fall[1])


@flow(flow_run_name="analyse {symbol}")
def analyse(symbol: str) -> dict[str, object]:
    """One share."""
    prices = read_prices(symbol)
    gain, worst = total_return.submit(prices), worst_month.submit(prices)
    month, fall = worst.result()
    return {"symbol": symbol, "months": len(prices), "gain": gain.result(), "worst": f"{month} ({fall:.0%})"}


@flow(log_prints=True)
def portfolio(symbols: list[str]) -> object:
    """All shares; fails where a share does, after the rest has been reported."""
    states: dict[str, State[dict[str, object]]] = {symbol: analyse(symbol, return_state=True) for symbol in symbols}
    for symbol, state in states.items():
        if state.is_completed():
            share = state.result()
            print(f"{symbol}: {share['gain']:+.0%} in {share['months']} months, worst {share['worst']}")
        else:
            print(f"{symbol}: {state.result(raise_on_failure=False)!r}")
    failed = [symbol for symbol, state in states.items() if not state.is_completed()]
    if failed:
        return Failed(message=f"no result for {', '.join(failed)}")
    return Completed(message=f"{len(states)} shares analysed")


def main() -> None:
    """Once with a share that fails, once without."""
    for symbols in (["MSFT", "ACME", "AAPL"], ["IBM", "AMZN", "GOOG"]):
        state = portfolio(symbols, return_state=True)
        print(f"{state.name}: {state.message}")


if __name__ == "__main__":
    main()
