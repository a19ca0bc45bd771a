"""Runs that their own processes start, as a client in any language starts them."""
