"""What runs leave behind, over gRPC: log lines and task runs."""
