"""The control plane over a real gRPC channel."""
