"""The command line, `orch …`: click commands, nothing else."""
