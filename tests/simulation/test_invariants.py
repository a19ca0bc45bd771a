"""The fifteen invariants of leases (docs/architecture.md), each on both databases.

What is checked is in the package `checks`; that each check notices when its invariant is broken, in
`test_guards.py`.
"""

import pytest

from tests.simulation.checks import limits, outcomes, process_runs, schedules_and_logs, timing, tokens
from tests.simulation.scene import Scene


async def test_invariant_01_one_current_token(scene: Scene) -> None:
    await tokens.one_current_token(scene)


async def test_invariant_01_a_run_picked_here_is_not_granted_there(scene: Scene) -> None:
    await tokens.a_run_picked_here_is_not_granted_there(scene)


async def test_invariant_01_racing_servers_grant_each_run_once(scene: Scene) -> None:
    await tokens.racing_servers_grant_each_run_once(scene)


@pytest.mark.parametrize("kind", ["postgresql"], indirect=True)
async def test_invariant_01_only_the_databases_clock_counts(scene: Scene) -> None:
    await tokens.only_the_databases_clock_counts(scene)


async def test_invariant_02_an_old_token_renews_nothing(scene: Scene) -> None:
    await tokens.an_old_token_renews_nothing(scene)


async def test_invariant_02_an_old_token_reports_nothing(scene: Scene) -> None:
    await tokens.an_old_token_reports_nothing(scene)


async def test_invariant_02_an_old_token_releases_nothing(scene: Scene) -> None:
    await tokens.an_old_token_releases_nothing(scene)


async def test_invariant_02_an_old_token_adopts_nothing(scene: Scene) -> None:
    await tokens.an_old_token_adopts_nothing(scene)


async def test_invariant_02_an_old_token_reclaims_nothing(scene: Scene) -> None:
    await tokens.an_old_token_reclaims_nothing(scene)


async def test_invariant_02_an_old_token_logs_nothing(scene: Scene) -> None:
    await tokens.an_old_token_logs_nothing(scene)


async def test_invariant_02_an_old_token_reports_no_task_runs(scene: Scene) -> None:
    await tokens.an_old_token_reports_no_task_runs(scene)


async def test_invariant_02_an_old_token_starts_no_child(scene: Scene) -> None:
    await tokens.an_old_token_starts_no_child(scene)


async def test_invariant_03_a_renewal_that_came_first_counts(scene: Scene) -> None:
    await tokens.a_renewal_that_came_first_counts(scene)


async def test_invariant_03_what_was_taken_over_has_a_new_token(scene: Scene) -> None:
    await tokens.what_was_taken_over_has_a_new_token(scene)


async def test_invariant_04_a_lost_answer_is_repeated(scene: Scene) -> None:
    await outcomes.a_lost_answer_is_repeated(scene)


async def test_invariant_04_a_grant_that_nobody_took_falls_back(scene: Scene) -> None:
    await outcomes.a_grant_that_nobody_took_falls_back(scene)


async def test_invariant_04_what_was_acknowledged_is_there(scene: Scene) -> None:
    await outcomes.what_was_acknowledged_is_there(scene)


async def test_invariant_04_a_repeated_create_is_one_run(scene: Scene) -> None:
    await outcomes.a_repeated_create_is_one_run(scene)


async def test_invariant_04_every_open_run_is_queued_or_leased(scene: Scene) -> None:
    await outcomes.every_open_run_is_queued_or_leased(scene)


async def test_invariant_05_the_end_absorbs(scene: Scene) -> None:
    await outcomes.the_end_absorbs(scene)


async def test_invariant_05_a_repeat_is_a_duplicate(scene: Scene) -> None:
    await outcomes.a_repeat_is_a_duplicate(scene)


async def test_invariant_06_lost_before_the_start_is_queued_again(scene: Scene) -> None:
    await outcomes.lost_before_the_start_is_queued_again(scene)


async def test_invariant_06_a_process_that_was_alive_does_not_begin_again(scene: Scene) -> None:
    await outcomes.lost_while_its_process_was_alive_does_not_begin_again(scene)


async def test_invariant_06_lost_after_the_start_is_restarted_where_asked(scene: Scene) -> None:
    await outcomes.lost_after_the_start_is_restarted_where_asked(scene)


async def test_invariant_07_who_comes_back_has_its_run_again(scene: Scene) -> None:
    await outcomes.who_comes_back_has_its_run_again(scene)


async def test_invariant_07_nobody_comes_back_to_what_was_decided_since(scene: Scene) -> None:
    await outcomes.nobody_comes_back_to_what_was_decided_since(scene)


async def test_invariant_07_two_who_come_back_at_once_both_have_it(scene: Scene) -> None:
    await outcomes.two_who_come_back_at_once_both_have_it(scene)


async def test_invariant_07_who_adopts_while_its_worker_comes_back_has_it(scene: Scene) -> None:
    await outcomes.who_adopts_while_its_worker_comes_back_has_it(scene)


async def test_invariant_08_an_exclusive_holder_stops_first(scene: Scene) -> None:
    await timing.an_exclusive_holder_stops_first(scene)


async def test_invariant_09_an_outage_expires_nobody(scene: Scene) -> None:
    await timing.an_outage_expires_nobody(scene)


async def test_invariant_10_silence_is_noticed_in_time(scene: Scene) -> None:
    await timing.silence_is_noticed_in_time(scene)


async def test_invariant_11_cancel_reaches_its_holder_at_once(scene: Scene) -> None:
    await timing.cancel_reaches_its_holder_at_once(scene)


async def test_invariant_11_cancel_wins(scene: Scene) -> None:
    await timing.cancel_wins(scene)


async def test_invariant_11_cancel_ends_even_if_the_holder_dies(scene: Scene) -> None:
    await timing.cancel_ends_even_if_the_holder_dies(scene)


async def test_invariant_12_limits_follow_live_leases(scene: Scene) -> None:
    await limits.limits_follow_live_leases(scene)


async def test_invariant_12_limits_of_queues_and_deployments(scene: Scene) -> None:
    await limits.limits_of_queues_and_deployments(scene)


async def test_invariant_12_two_servers_do_not_both_use_the_last_slot(scene: Scene) -> None:
    await limits.two_servers_do_not_both_use_the_last_slot(scene)


async def test_invariant_12_two_servers_do_not_both_use_a_deployments_last_slot(scene: Scene) -> None:
    await limits.two_servers_do_not_both_use_a_deployments_last_slot(scene)


async def test_invariant_12_racing_servers_keep_to_the_limit(scene: Scene) -> None:
    await limits.racing_servers_keep_to_the_limit(scene)


async def test_invariant_13_nothing_is_granted_after_a_drain(scene: Scene) -> None:
    await limits.nothing_is_granted_after_a_drain(scene)


async def test_invariant_13_a_drain_waits_for_the_grant_under_way(scene: Scene) -> None:
    await limits.a_drain_waits_for_the_grant_under_way(scene)


async def test_invariant_13_racing_drains_are_final(scene: Scene) -> None:
    await limits.racing_drains_are_final(scene)


async def test_invariant_13_released_work_has_spent_nothing(scene: Scene) -> None:
    await limits.released_work_has_spent_nothing(scene)


async def test_invariant_14_a_time_fires_once(scene: Scene) -> None:
    await schedules_and_logs.a_time_fires_once(scene)


async def test_invariant_14_a_time_decided_here_is_not_fired_there(scene: Scene) -> None:
    await schedules_and_logs.a_time_decided_here_is_not_fired_there(scene)


async def test_invariant_14_a_redeployed_schedule_does_not_fire_again(scene: Scene) -> None:
    await schedules_and_logs.a_redeployed_schedule_does_not_fire_again(scene)


async def test_invariant_14_daylight_saving_fires_once_a_day(scene: Scene) -> None:
    await schedules_and_logs.daylight_saving_fires_once_a_day(scene)


async def test_invariant_15_log_lines_are_contiguous(scene: Scene) -> None:
    await schedules_and_logs.log_lines_are_contiguous(scene)


async def test_invariant_15_racing_writers_of_one_stream_store_each_line_once(scene: Scene) -> None:
    await schedules_and_logs.racing_writers_of_one_stream_store_each_line_once(scene)


async def test_invariant_02_an_old_token_starts_no_run_of_its_own(scene: Scene) -> None:
    await process_runs.an_old_token_starts_no_run_of_its_own(scene)


async def test_invariant_02_an_old_token_takes_nothing_up(scene: Scene) -> None:
    await process_runs.an_old_token_takes_nothing_up(scene)


async def test_invariant_03_what_was_taken_up_has_a_new_token(scene: Scene) -> None:
    await process_runs.what_was_taken_up_has_a_new_token(scene)


async def test_invariant_03_a_renewal_before_a_resumption_counts(scene: Scene) -> None:
    await process_runs.a_renewal_before_a_resumption_counts(scene)


async def test_invariant_07_a_process_that_comes_back_has_its_run_again(scene: Scene) -> None:
    await process_runs.a_process_that_comes_back_has_its_run_again(scene)


async def test_invariant_09_an_outage_lets_nobody_be_replaced(scene: Scene) -> None:
    await process_runs.an_outage_lets_nobody_be_replaced(scene)
