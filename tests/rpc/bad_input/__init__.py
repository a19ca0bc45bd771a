"""Requests that are wrong. A real server, on both databases, answers each with a reason and writes nothing."""
