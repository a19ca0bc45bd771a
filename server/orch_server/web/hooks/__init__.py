"""Inbound webhooks: other services' news that start runs."""
