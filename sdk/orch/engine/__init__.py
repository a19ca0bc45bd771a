"""How runs are run. Written once, as generators of steps; `drivers` carries the steps out, sync or async.

steps         what an engine asks its driver for
drivers       the sync and the async driver
task_engine   one task run, from its parameters to its final state
flow_engine   one flow run
attempts      when to try again
caching_step  answers from the cache, and writes to it
checkpoints   answers of a durable flow's earlier attempt
held_run      stops a run on demand: timeouts, cancels, lost leases
hooks         calls users' hooks
outcomes      from return values and exceptions to states
run_ids       ids of runs
"""
