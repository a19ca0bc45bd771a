"""The host: starts attempts, captures their lines, waits for their ends.

One thread and a loop of its own (`loop`), since it is forked for every attempt: a fork of it must find no lock held,
no thread missing and no event loop running.
"""
