"""Faults on real processes: servers, workers and runs are killed, frozen and cut off. Nothing is lost or sticks."""
