"""Log lines in the store: appended, read from either end, followed."""
