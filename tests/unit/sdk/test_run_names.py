"""Names of runs: random ones, and those made of parameters."""

from datetime import date

import pytest

from orch.errors import RunNameError
from orch.run_names import random_name, render


def test_random_names_are_an_adjective_and_an_animal_and_differ() -> None:
    names = {random_name() for _ in range(200)}

    assert all(len(name.split("-")) == 2 and name.replace("-", "").isalpha() and name.islower() for name in names)
    assert len(names) > 150


def test_random_names_do_not_touch_the_users_random_numbers() -> None:
    import random

    random.seed(7)
    first = random_name()
    drawn = random.random()
    random.seed(7)

    assert random.random() == drawn
    assert {random_name() for _ in range(20)} != {first}


def test_a_template_is_filled_in_with_parameters() -> None:
    assert render("{city}-{day:%A}", {"city": "Ulm", "day": date(2026, 11, 22)}) == "Ulm-Sunday"


def test_parameters_win_over_defaults() -> None:
    assert render("{task}/{x}", {"x": 1}, {"x": 2, "task": "load"}) == "load/1"


def test_a_function_may_take_the_parameters() -> None:
    def by_city(parameters: dict[str, object]) -> str:
        return f"for {parameters['city']}"

    assert render(by_city, {"city": "Ulm"}) == "for Ulm"
    assert render(lambda: "fixed", {"city": "Ulm"}) == "fixed"


def test_an_unknown_field_is_named_with_those_that_exist() -> None:
    with pytest.raises(RunNameError, match=r"flow_run_name '{town}' uses the field 'town'.*city, day"):
        render("{town}", {"city": 1, "day": 2})


@pytest.mark.parametrize("template", ["{", "{city.population}", "{city[0]}", "{}", "{city:%Q9z}"])
def test_a_template_that_cannot_be_filled_in_says_so(template: str) -> None:
    with pytest.raises(RunNameError, match="task_run_name"):
        render(template, {"city": 5}, setting="task_run_name")


def test_a_function_that_returns_no_string_is_refused() -> None:
    with pytest.raises(RunNameError, match="returned 5, a int"):
        render(lambda: 5, {})  # type: ignore[arg-type,return-value]


def test_what_the_function_raises_comes_through() -> None:
    def broken() -> str:
        raise LookupError("no city")

    with pytest.raises(LookupError, match="no city"):
        render(broken, {})
