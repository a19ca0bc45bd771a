"""Version 1 of the contract: package `orch.v1` on the wire."""
