"""Leases, heartbeats, reports, sweeping and grants: the use cases on each database."""
