"""Tests of the use cases' pure parts."""
