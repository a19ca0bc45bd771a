"""Parts that a person's machine may lack: tests that need one are skipped there, and fail where it must be.

ORCH_TEST_REQUIRE names, with commas, what the machine is promised to have: `ORCH_TEST_REQUIRE=node,git make test`.
"""

import os

import pytest

REQUIRED_VARIABLE = "ORCH_TEST_REQUIRE"


def need(part: str, *, there: bool, without: str) -> None:
    """Skips the test where a part is missing; fails it where ORCH_TEST_REQUIRE names the part.

    without: why it is missing, or how to get it, in a sentence.
    """
    if there:
        return
    message = f"{part} is not there: {without}"
    if part in os.environ.get(REQUIRED_VARIABLE, "").replace(" ", "").split(","):
        pytest.fail(f"{message} ({REQUIRED_VARIABLE} names it)")
    pytest.skip(message)
