"""The control plane: owns the truth about runs, grants leases, fires schedules."""
