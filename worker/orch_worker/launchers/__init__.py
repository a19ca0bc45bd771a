"""Launchers: what starts, watches and stops runs. One a kind of pool, found among the entry points `orch.launchers`."""
