"""What the invariants of leases say, as checks: each raises AssertionError where its invariant does not hold.

Invariants are numbered as in docs/architecture.md. The package `guards` names what each check guards, and takes it out.
"""
