"""Chaos: an installation of real processes under load, while everything around it breaks. See docs/chaos.md."""
