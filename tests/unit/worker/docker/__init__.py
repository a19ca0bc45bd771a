"""Pure parts of the launcher of Docker containers."""
