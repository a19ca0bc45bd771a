"""Orch's tests: real servers, real databases, a fake only for the clock and for faults."""
