"""From the engine's calls to the control plane: everything that is recorded of runs leaves through here.

records      what the engine hands over (runs, task runs, log lines), and what it hears
recorder     what the engine calls: some microseconds a call, from any thread; it never waits and never raises
inbox        where the calls' news waits for the courier
courier      the one thread that makes requests of the news and delivers them, behind the user's code
batches      from news to requests: what belongs together is merged
messages     one run, task run or line as the contract's message
parcels      a request on its way
outbox       requests that wait, in order: in memory, beyond that on disk
spill        the files in ORCH_HOME/spill
leftovers    ships what processes before this one could not deliver
delivery     sends a request until it is answered, and decides about refusals
adoption     what an adopted lease says of its run
contact      whether the control plane can be reached
tracking     what the courier knows of each run: its token, how far its records are
heartbeat    keeps the leases, and hears what the control plane wants of the runs
ending       what becomes of records when the process ends
transport    what the courier calls; `remote` over gRPC, `orch.embedded` in the same process
reading      what durable flows read back
processes    names this process so that others can see whether it lives

Importing it loads neither asyncio nor protobuf: the courier's thread does, when the first run begins.
"""

from orch.recording.recorder import Recorder, close_recorder, current_recorder, use_recorder

__all__ = ["Recorder", "close_recorder", "current_recorder", "use_recorder"]
