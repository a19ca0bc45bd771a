"""Orch's tests: real servers, real databases, a fake only for the clock and for faults."""

import os

# Tests start processes while their own gRPC is at work. Its handlers for forks have crashed such children, which need
# none: they become another program at once.
os.environ.setdefault("GRPC_ENABLE_FORK_SUPPORT", "0")
