"""Tests of schedules: what specs mean and what is due."""
