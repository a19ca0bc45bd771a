"""A soak: mixed load for half an hour, and whether anything of the control plane grows or slows down meanwhile."""
