"""Programs that run on Prefect and on Orch with only the import changed. See ``run_flow.py``."""
