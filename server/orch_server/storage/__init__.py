"""The only place that knows SQL: tables, statements, migrations, on SQLite and Postgres."""
