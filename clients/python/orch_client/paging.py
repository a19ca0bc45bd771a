"""Pages of any List method, by descriptor: the one repeated field, page_token and next_page_token."""

from typing import TypeVar

from google.protobuf.message import Message

from orch_client.errors import ServerError

RequestT = TypeVar("RequestT", bound=Message)
ItemT = TypeVar("ItemT", bound=Message)


def items_of(response: Message, of: type[ItemT]) -> list[ItemT]:
    """The items of one page. Raises TypeError where it is no page, or a page of something else."""
    items: list[ItemT] = list(getattr(response, _items_field(response, of)))
    return items


def request_after(request: RequestT, response: Message) -> RequestT | None:
    """The request for the page after `response`; None where that was the last. `request` is left as it is."""
    token: object = getattr(response, "next_page_token", None)
    if not isinstance(token, str):
        raise TypeError(f"{response.DESCRIPTOR.name} is not a page: it has no next_page_token.")
    if not token:
        return None
    if token == getattr(request, "page_token", ""):
        raise ServerError(f"The control plane answers {response.DESCRIPTOR.name} with the same page for ever.")
    following = type(request)()
    following.CopyFrom(request)
    setattr(following, "page_token", token)  # noqa: B010 (no such field on Message)
    return following


def _items_field(page: Message, of: type[Message]) -> str:
    name = page.DESCRIPTOR.name
    repeated = [field for field in page.DESCRIPTOR.fields if field.is_repeated]
    if len(repeated) != 1:
        raise TypeError(f"{name} is not a page: it needs one repeated field, and has {len(repeated)}.")
    found = repeated[0].message_type
    if found is not of.DESCRIPTOR:
        raise TypeError(f"{name} is a page of {found.name if found else 'scalars'}, not of {of.DESCRIPTOR.name}.")
    return repeated[0].name
