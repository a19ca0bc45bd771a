"""The Protobuf contract of Orch, as Python code. Generated: see `make generate`."""
