"""Wheel and sdist, import rules, the cost of importing."""
