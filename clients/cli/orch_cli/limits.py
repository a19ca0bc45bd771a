"""`--concurrency-limit`: a number, or "none"."""

import click

NO_LIMIT = 0
"""What "none" becomes: as a limit it would make no sense."""


class _LimitType(click.ParamType):  # type: ignore[type-arg]  # generic from click 8.4 on
    """How many runs at once: 1 or more, or "none" (NO_LIMIT)."""

    name = "limit"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> int:
        text = str(value).strip().lower()
        if text in {"none", str(NO_LIMIT)}:
            return NO_LIMIT
        if not text.isdecimal():
            self.fail(f"{value!r} is no limit: write a number from 1 on, or none.", param, ctx)
        return int(text)


LIMIT = _LimitType()
