"""Runs as processes of this machine: `launcher.ProcessLauncher`.

A **host** (`host`), a small process apart from the worker, starts the attempts, captures their lines and waits for
their ends, all of it into a folder per attempt (`folders`, `spool`). So a worker may die and come back without its runs
noticing. The host has loaded what a Python flow needs and forks it, which takes milliseconds; commands and fresh
interpreters it forks and replaces (exec). Worker and host talk over a socket (`orders`); the host's package imports
nothing but the standard library, so that a fork of it carries nothing that runs do not need.
"""
