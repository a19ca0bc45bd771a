"""One suite for the storage, run on SQLite and on PostgreSQL."""
