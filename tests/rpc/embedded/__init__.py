"""The control plane inside a process: it answers as the one behind gRPC does, opens and closes as a script needs."""
