"""`orch …`, as people type it, against real control planes."""
