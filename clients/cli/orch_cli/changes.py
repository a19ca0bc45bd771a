"""What commands that change something say when they have."""

from orch_cli.output import Format, document, plain, say


def tell_change(item: object, sentence: str, *, key: str, output: Format) -> None:
    """`sentence` for people; the item as it is now, or its `key`, for programs."""
    if output is Format.TABLE:
        say(sentence)
    elif output is Format.ID:
        say(key)
    else:
        say(document(plain(item), output))
