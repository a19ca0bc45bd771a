"""A whole control plane under a simulated clock, with faults from a seed, and a checker of its invariants.

setup       what a seed turns on: sizes, features, faults
loop        an event loop whose time is simulated
engine      the real SQL below: SQLite in memory, or PostgreSQL
database    one server's way to it, slow and failing as the seed has it
server      one server: the real use cases, what runs by itself, crash and restart
network     between machines and servers: loses, doubles, delays, cuts
machines    a computer with a drifting clock; it pauses and dies
processes   what runs a run: adopts, beats, reports, logs
workers     the worker protocol
clients     who creates, cancels, retries, schedules, drains; and old holders that do not give up
checking    what must hold after every commit; answers: what a caller may be told; endings: what must hold at the end
simulation  one seed from its beginning to its end
"""
