"""The client against servers that fail as they are told to."""
