"""Processes killed, paused and cut off."""
