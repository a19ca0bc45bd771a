"""A launcher for Orch: runs are started through a program of your choice, such as `nice` or `apptainer exec`.

`launcher` starts attempts and finds them again; `attempt` watches one; `jobs` makes commands of jobs.
"""
