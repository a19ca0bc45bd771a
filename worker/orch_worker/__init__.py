"""Orch's worker: leases runs from a control plane and launches them.

It knows the contract and the client, never the SDK: what it starts is a command with an environment,
in any language.
"""
