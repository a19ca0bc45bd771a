"""Use cases, one transaction each, and the ports that they need."""
