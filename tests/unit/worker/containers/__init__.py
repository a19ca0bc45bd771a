"""Pure parts of the launchers of containers."""
