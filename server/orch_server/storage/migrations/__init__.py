"""The steps that made the schema what it is. Each is frozen once released: later changes are further steps.

A new step: a module `versions/r0002_….py` with `revision`, `down_revision` and `upgrade`, and its revision at the end
of `REVISIONS`. There are no downgrades: whoever needs to go back restores a backup.
"""

REVISIONS = ("0001", "0002", "0003", "0004", "0005")
"""Every revision, oldest first. Written out, so that a server whose database is current need not load Alembic."""
