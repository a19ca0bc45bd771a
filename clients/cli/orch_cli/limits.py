"""`--concurrency-limit`: a number, or "none"."""

import click

NO_LIMIT = 0
"""What "none" becomes: as a limit it would make no sense."""


class _LimitType(click.ParamType):  # type: ignore[type-arg]  # generic from click 8.4 on
    """How many runs at once: 1 or more, or "none" (NO_LIMIT)."""

    name = "limit"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> int:
        text = str(value).strip().lower()
        if text == "none":
            return NO_LIMIT
        if not text.isdecimal() or int(text) == NO_LIMIT:
            self.fail(f"{value!r} is no limit: write a number from 1 on, or none.", param, ctx)
        return int(text)


LIMIT = _LimitType()
