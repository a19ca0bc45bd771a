"""Runs in containers of a real Docker engine."""
