"""Orch's worker: leases runs from a control plane and launches them.

It knows the contract and the client, never the SDK: what it starts is a command with an environment,
in any language.

    command, options, settings, app     from the command line to a worker that runs
    worker, lifecycle, signals          its parts put together; how it ends
    pools, sessions, home, journal      where it belongs; what it remembers, also after its own restart
    heartbeat, hints, acquiring         leases: kept, hurried, taken
    held_runs, supervising              what it holds: slots, orders, a task for each attempt
    jobs, launching, following, stopping, reports, reporting
                                        an attempt from its grant to its reported end
    log_streams, shipping               what attempts write
    patience, racing                    repeating calls until they are answered; doing until something else happens
    health, meters, telemetry, otel     how it is
    relay, calls_together               the runs' own calls, over the worker's connection
    launchers, code                     what starts processes, containers, jobs; how code gets there
"""
