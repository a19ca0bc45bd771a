"""The guards behind the invariants, each with the check that misses it and a way to take it out.

A guard is taken out by a patch that is gone after the test. Where an invariant has two walls, one behind the other,
both are taken out together: what is shown is that the check notices, not that a single wall would do.
"""
