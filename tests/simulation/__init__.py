"""The control plane under a simulated clock with seeded faults; a seed replays a failure."""
