"""The edge of the gRPC server: errors, keys, TLS, health, telemetry, over real channels."""
