"""The catalog over gRPC: flows, pools, queues, deployments and schedules."""
