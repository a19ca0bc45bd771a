"""The process launcher, on real processes."""
