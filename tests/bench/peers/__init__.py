"""Other orchestrators beside Orch, on the same machine in the same run."""
