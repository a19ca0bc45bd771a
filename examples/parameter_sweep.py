"""A parameter sweep: every combination trained and judged in parallel, the best one kept.

    python examples/parameter_sweep.py

Predicts how many miles a car goes on a gallon from its horsepower and weight (392 cars of 1970 to 1982), with
polynomials of several degrees and several strengths of regularisation. Each pair is judged by five-fold
cross-validation in a task of its own. A pair that cannot be trained fails alone; the sweep goes on.
"""

import json
from dataclasses import dataclass
from importlib.metadata import distribution
from itertools import product
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from orch import flow, task, unmapped
from orch.task_runners import ThreadPoolTaskRunner

Matrix = NDArray[np.floating]
FOLDS = 5


@dataclass(frozen=True)
class Candidate:
    """What is swept over."""

    degree: int
    ridge: float


@dataclass(frozen=True)
class Score:
    """A candidate's error on cars that it has not seen, in miles per gallon (root of the mean square)."""

    candidate: Candidate
    error: float


@task
def load_cars() -> Matrix:
    """Horsepower, weight in pounds and miles per gallon of each car of which all three are known."""
    path = distribution("vega-datasets").locate_file("vega_datasets/_data/cars.json")
    cars = json.loads(Path(str(path)).read_text())
    rows = [[car["Horsepower"], car["Weight_in_lbs"], car["Miles_per_Gallon"]] for car in cars]
    known = np.array([row for row in rows if None not in row], dtype=float)
    shuffled: Matrix = np.random.default_rng(seed=7).permutation(known)
    return shuffled


def features(cars: Matrix, degree: int) -> Matrix:
    """A constant, and the powers of horsepower and weight, scaled to numbers around 1."""
    scaled = cars[:, :2] / np.array([100.0, 3000.0])
    return np.column_stack([np.ones(len(cars)), *(scaled**power for power in range(1, degree + 1))])


def train(cars: Matrix, candidate: Candidate) -> Matrix:
    """The coefficients of a ridge regression."""
    inputs = features(cars, candidate.degree)
    penalty = candidate.ridge * np.eye(inputs.shape[1])
    coefficients: Matrix = np.linalg.solve(inputs.T @ inputs + penalty, inputs.T @ cars[:, 2])
    return coefficients


@task(task_run_name="degree {candidate.degree}, ridge {candidate.ridge}")
def judge(cars: Matrix, candidate: Candidate) -> Score:
    """Trains on four fifths and asks about the last, five times."""
    if candidate.degree < 1:
        raise ValueError(f"a polynomial of degree {candidate.degree} predicts nothing")
    errors = []
    for fold in range(FOLDS):
        unseen = np.arange(len(cars)) % FOLDS == fold
        coefficients = train(cars[~unseen], candidate)
        errors.append(features(cars[unseen], candidate.degree) @ coefficients - cars[unseen][:, 2])
    return Score(candidate, float(np.sqrt(np.mean(np.concatenate(errors) ** 2))))


@flow(task_runner=ThreadPoolTaskRunner(max_workers=4), log_prints=True)
def sweep(degrees: list[int], ridges: list[float]) -> Score:
    """The best candidate of all that could be trained."""
    candidates = [Candidate(degree, ridge) for degree, ridge in product(degrees, ridges)]
    judged = judge.map(unmapped(load_cars()), candidates)
    judged.wait()
    scores = sorted((each.result() for each in judged if each.state.is_completed()), key=lambda score: score.error)
    print(f"{len(candidates)} candidates, {len(candidates) - len(scores)} failed")
    for score in scores[:3]:
        print(f"  degree {score.candidate.degree}, ridge {score.candidate.ridge:g}: {score.error:.2f} mpg off")
    return scores[0]


def main() -> None:
    """Sweeps."""
    best = sweep(degrees=[0, 1, 2, 3, 4], ridges=[0.01, 1.0])
    print(f"best: degree {best.candidate.degree}, ridge {best.candidate.ridge:g}, {best.error:.2f} mpg off")


if __name__ == "__main__":
    main()
