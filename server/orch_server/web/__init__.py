"""The HTTP edge: the contract over Connect, gRPC-Web and JSON; probes, metrics, webhooks, and the screen's files.

It is handed the same methods that gRPC serves, and knows nothing of gRPC itself.
"""
