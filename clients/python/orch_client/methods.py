"""What may be done with each method of the contract: repeated, waited for, resumed. Read off its descriptors.

A method may be repeated where it only reads (its verb says so), where its request carries a `request_id`, or where the
contract promises that a repeat changes nothing (`IDEMPOTENT`). Any other, and any that the contract does not know, is
sent once.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TypeVar

from google.protobuf.descriptor import Descriptor, MethodDescriptor
from google.protobuf.descriptor_pool import Default, DescriptorPool
from google.protobuf.duration_pb2 import Duration
from google.protobuf.message import Message

RequestT = TypeVar("RequestT", bound=Message)

READING_VERBS = ("Count", "Get", "List", "Preview", "Watch")

# Methods without a request_id that the contract makes safe to repeat, and what makes them so.
IDEMPOTENT: Mapping[str, str] = {
    "orch.v1.LeaseService.SyncLeases": "names the whole of what is held",
    "orch.v1.LeaseService.AdoptLease": "adopter_id: the same process is answered alike",
    "orch.v1.LeaseService.ReportRuns": "token and sequence: a repeat is a DUPLICATE",
    "orch.v1.LeaseService.ReleaseLeases": "token: a repeat is a DUPLICATE",
    "orch.v1.LogService.AppendLogs": "offset: nothing is stored twice",
    "orch.v1.TaskRunService.ReportTaskRuns": "version: what is not newer changes nothing",
    "orch.v1.WorkerService.CloseSession": "a closed session stays closed",
    "orch.v1.BatchService.CallBatch": "each of its calls is: those that take a request_id have one",
    "orch.v1.BatchService.StreamCalls": "each of its calls is: those that take a request_id have one",
}

# How long a long poll waits where the request does not say; the contract's number (AcquireLeasesRequest.wait).
DEFAULT_WAIT_SECONDS = 30.0


@dataclass(frozen=True, slots=True)
class ResumeRule:
    """How a watch goes on where it broke off: a field of the request takes what the last answer said."""

    request_field: str
    response_path: tuple[str, ...]

    def position(self, response: Message) -> str | int:
        """How far `response` brings the watcher."""
        found: object = response
        for name in self.response_path:
            found = getattr(found, name)
        assert isinstance(found, str | int)
        return found


# A watch that is missing here begins anew when it breaks: WatchSession's hints have no order that could be lost.
RESUMPTIONS: Mapping[str, ResumeRule] = {
    "orch.v1.FlowRunService.WatchFlowRun": ResumeRule("after_version", ("flow_run", "version")),
    "orch.v1.LogService.WatchLogs": ResumeRule("resume_token", ("resume_token",)),
}


@dataclass(frozen=True, slots=True)
class MethodRule:
    """What may be done with one method."""

    name: str
    """Service and method, for people: "FlowRunService.GetFlowRun"."""
    repeatable: bool = False
    """Whether a call may be sent again when it is not known what became of it."""
    takes_request_id: bool = False
    """Whether the request has a `request_id`, which the client fills where it is empty."""
    waits: bool = False
    """Whether it is a long poll, with the time to wait in the request's `wait`."""
    resume: ResumeRule | None = None
    """How a stream of it is resumed."""

    def prepared(self, request: RequestT, new_id: Callable[[], str]) -> RequestT:
        """The request to send: a copy with a fresh id where it has none. The caller's own is left as it is, so that
        sending it twice asks for two things, not for one thing twice.
        """
        if not self.takes_request_id or getattr(request, "request_id"):  # noqa: B009 (no such field on Message)
            return request
        filled = type(request)()
        filled.CopyFrom(request)
        setattr(filled, "request_id", new_id())  # noqa: B010
        return filled

    def timeout_seconds(self, request: Message, default_seconds: float) -> float:
        """How long a call may take that does not say so itself: a long poll waits, and then has the usual time."""
        if not self.waits:
            return default_seconds
        if not request.HasField("wait"):
            return DEFAULT_WAIT_SECONDS + default_seconds
        wait: object = getattr(request, "wait")  # noqa: B009
        assert isinstance(wait, Duration)
        return wait.ToTimedelta().total_seconds() + default_seconds


def rule_for(path: str, pool: DescriptorPool | None = None) -> MethodRule:
    """The rule of the method at a wire path, "/orch.v1.FlowRunService/GetFlowRun"; a careful one if it is unknown."""
    full_name = path.strip("/").replace("/", ".")
    try:
        method = (pool or Default()).FindMethodByName(full_name)
    except KeyError:
        return MethodRule(name=".".join(full_name.split(".")[-2:]))
    return _derived(method)


def _derived(method: MethodDescriptor) -> MethodRule:
    fields = method.input_type.fields_by_name
    takes_request_id = "request_id" in fields
    return MethodRule(
        name=f"{method.containing_service.name}.{method.name}",
        repeatable=takes_request_id or method.full_name in IDEMPOTENT or _reads(method.name),
        takes_request_id=takes_request_id,
        waits="wait" in fields and _is_duration(fields["wait"].message_type),
        resume=RESUMPTIONS.get(method.full_name),
    )


def _reads(name: str) -> bool:
    return any(name.startswith(verb) and name[len(verb) : len(verb) + 1].isupper() for verb in READING_VERBS)


def _is_duration(message: Descriptor | None) -> bool:
    return message is not None and message.full_name == Duration.DESCRIPTOR.full_name
