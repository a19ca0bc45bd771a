"""The loop around background services."""
