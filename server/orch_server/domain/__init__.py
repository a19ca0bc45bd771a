"""Pure rules: states, transitions, leases, schedules, retries. No I/O, clock, ids or randomness in here."""
