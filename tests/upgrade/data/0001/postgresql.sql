CREATE TABLE public.alembic_version (
    version_num character varying(32) NOT NULL
);
CREATE TABLE public.background_service (
    name text NOT NULL,
    last_run_time timestamp with time zone NOT NULL
);
CREATE TABLE public.deployment (
    id uuid NOT NULL,
    flow_id uuid NOT NULL,
    name text NOT NULL,
    description text NOT NULL,
    tags text NOT NULL,
    paused boolean NOT NULL,
    work_queue_id uuid NOT NULL,
    parameters text NOT NULL,
    parameter_schema text NOT NULL,
    concurrency_limit bigint,
    concurrency_policy smallint NOT NULL,
    retry_policy text,
    recovery_policy text,
    current_version bigint NOT NULL,
    create_time timestamp with time zone NOT NULL,
    update_time timestamp with time zone NOT NULL,
    version bigint NOT NULL,
    CONSTRAINT ck_deployment_concurrency_limit CHECK ((concurrency_limit >= 0))
);
CREATE TABLE public.deployment_version (
    deployment_id uuid NOT NULL,
    number bigint NOT NULL,
    launch_spec text NOT NULL,
    create_time timestamp with time zone NOT NULL
);
CREATE TABLE public.flow (
    id uuid NOT NULL,
    name text NOT NULL,
    create_time timestamp with time zone NOT NULL
);
CREATE TABLE public.flow_run (
    id uuid NOT NULL,
    name text NOT NULL,
    flow_id uuid NOT NULL,
    deployment_id uuid,
    deployment_version bigint NOT NULL,
    work_pool_id uuid,
    work_queue_id uuid,
    state_type smallint CONSTRAINT flow_run_state_type_not_null1 NOT NULL,
    state_name text CONSTRAINT flow_run_state_name_not_null1 NOT NULL,
    state_message text CONSTRAINT flow_run_state_message_not_null1 NOT NULL,
    state_time timestamp with time zone NOT NULL,
    failure text,
    version bigint NOT NULL,
    token bigint NOT NULL,
    report_sequence bigint NOT NULL,
    lost_from smallint,
    attempt bigint NOT NULL,
    retries_used bigint NOT NULL,
    crash_restarts_used bigint NOT NULL,
    retry_policy text,
    recovery_policy text,
    parameters text NOT NULL,
    job_variables text NOT NULL,
    tags text NOT NULL,
    idempotency_scope uuid,
    idempotency_key text,
    parent_flow_run_id uuid,
    parent_task_run_id uuid,
    schedule_id uuid,
    nominal_time timestamp with time zone,
    waits_for_schedule boolean NOT NULL,
    traceparent text NOT NULL,
    tracestate text NOT NULL,
    create_time timestamp with time zone NOT NULL,
    scheduled_time timestamp with time zone NOT NULL,
    start_time timestamp with time zone,
    end_time timestamp with time zone,
    update_time timestamp with time zone NOT NULL,
    CONSTRAINT ck_flow_run_counters CHECK (((token >= 0) AND (version >= 1))),
    CONSTRAINT ck_flow_run_state_type CHECK (((state_type >= 1) AND (state_type <= 9))),
    CONSTRAINT ck_flow_run_terminal_has_end CHECK (((end_time IS NULL) = (state_type < 6)))
);
CREATE TABLE public.flow_run_result (
    flow_run_id uuid NOT NULL,
    data bytea,
    uri text NOT NULL,
    media_type text NOT NULL,
    size_bytes bigint NOT NULL
);
CREATE TABLE public.flow_run_state (
    flow_run_id uuid NOT NULL,
    version bigint NOT NULL,
    state_time timestamp with time zone NOT NULL,
    type smallint NOT NULL,
    name text NOT NULL,
    message text NOT NULL,
    failure text,
    token bigint NOT NULL
)
PARTITION BY RANGE (state_time);
CREATE TABLE public.flow_run_state_default (
    flow_run_id uuid CONSTRAINT flow_run_state_flow_run_id_not_null NOT NULL,
    version bigint CONSTRAINT flow_run_state_version_not_null NOT NULL,
    state_time timestamp with time zone CONSTRAINT flow_run_state_state_time_not_null NOT NULL,
    type smallint CONSTRAINT flow_run_state_type_not_null NOT NULL,
    name text CONSTRAINT flow_run_state_name_not_null NOT NULL,
    message text CONSTRAINT flow_run_state_message_not_null NOT NULL,
    failure text,
    token bigint CONSTRAINT flow_run_state_token_not_null NOT NULL
);
CREATE TABLE public.flow_run_state_p20261122 (
    flow_run_id uuid CONSTRAINT flow_run_state_flow_run_id_not_null NOT NULL,
    version bigint CONSTRAINT flow_run_state_version_not_null NOT NULL,
    state_time timestamp with time zone CONSTRAINT flow_run_state_state_time_not_null NOT NULL,
    type smallint CONSTRAINT flow_run_state_type_not_null NOT NULL,
    name text CONSTRAINT flow_run_state_name_not_null NOT NULL,
    message text CONSTRAINT flow_run_state_message_not_null NOT NULL,
    failure text,
    token bigint CONSTRAINT flow_run_state_token_not_null NOT NULL
);
CREATE TABLE public.flow_run_state_p20261123 (
    flow_run_id uuid CONSTRAINT flow_run_state_flow_run_id_not_null NOT NULL,
    version bigint CONSTRAINT flow_run_state_version_not_null NOT NULL,
    state_time timestamp with time zone CONSTRAINT flow_run_state_state_time_not_null NOT NULL,
    type smallint CONSTRAINT flow_run_state_type_not_null NOT NULL,
    name text CONSTRAINT flow_run_state_name_not_null NOT NULL,
    message text CONSTRAINT flow_run_state_message_not_null NOT NULL,
    failure text,
    token bigint CONSTRAINT flow_run_state_token_not_null NOT NULL
);
CREATE TABLE public.flow_run_state_p20261124 (
    flow_run_id uuid CONSTRAINT flow_run_state_flow_run_id_not_null NOT NULL,
    version bigint CONSTRAINT flow_run_state_version_not_null NOT NULL,
    state_time timestamp with time zone CONSTRAINT flow_run_state_state_time_not_null NOT NULL,
    type smallint CONSTRAINT flow_run_state_type_not_null NOT NULL,
    name text CONSTRAINT flow_run_state_name_not_null NOT NULL,
    message text CONSTRAINT flow_run_state_message_not_null NOT NULL,
    failure text,
    token bigint CONSTRAINT flow_run_state_token_not_null NOT NULL
);
CREATE TABLE public.flow_run_state_p20261125 (
    flow_run_id uuid CONSTRAINT flow_run_state_flow_run_id_not_null NOT NULL,
    version bigint CONSTRAINT flow_run_state_version_not_null NOT NULL,
    state_time timestamp with time zone CONSTRAINT flow_run_state_state_time_not_null NOT NULL,
    type smallint CONSTRAINT flow_run_state_type_not_null NOT NULL,
    name text CONSTRAINT flow_run_state_name_not_null NOT NULL,
    message text CONSTRAINT flow_run_state_message_not_null NOT NULL,
    failure text,
    token bigint CONSTRAINT flow_run_state_token_not_null NOT NULL
);
CREATE TABLE public.flow_run_tag (
    tag text NOT NULL,
    flow_run_id uuid NOT NULL
);
CREATE TABLE public.lease (
    flow_run_id uuid NOT NULL,
    token bigint NOT NULL,
    session_id uuid,
    request_id uuid,
    work_pool_id uuid NOT NULL,
    work_queue_id uuid NOT NULL,
    deployment_id uuid,
    phase smallint NOT NULL,
    adopter_id uuid,
    ttl_ms bigint NOT NULL,
    grant_time timestamp with time zone NOT NULL,
    expire_time timestamp with time zone NOT NULL,
    CONSTRAINT ck_lease_token CHECK ((token > 0))
)
WITH (fillfactor='50', autovacuum_vacuum_scale_factor='0.02', autovacuum_vacuum_cost_delay='0');
CREATE TABLE public.log_chunk (
    flow_run_id uuid NOT NULL,
    stream text NOT NULL,
    first_offset bigint NOT NULL,
    create_time timestamp with time zone NOT NULL,
    record_count bigint NOT NULL,
    max_level smallint NOT NULL,
    records bytea NOT NULL
)
PARTITION BY RANGE (create_time);
CREATE TABLE public.log_chunk_default (
    flow_run_id uuid CONSTRAINT log_chunk_flow_run_id_not_null NOT NULL,
    stream text CONSTRAINT log_chunk_stream_not_null NOT NULL,
    first_offset bigint CONSTRAINT log_chunk_first_offset_not_null NOT NULL,
    create_time timestamp with time zone CONSTRAINT log_chunk_create_time_not_null NOT NULL,
    record_count bigint CONSTRAINT log_chunk_record_count_not_null NOT NULL,
    max_level smallint CONSTRAINT log_chunk_max_level_not_null NOT NULL,
    records bytea CONSTRAINT log_chunk_records_not_null NOT NULL
);
CREATE TABLE public.log_chunk_p20261122 (
    flow_run_id uuid CONSTRAINT log_chunk_flow_run_id_not_null NOT NULL,
    stream text CONSTRAINT log_chunk_stream_not_null NOT NULL,
    first_offset bigint CONSTRAINT log_chunk_first_offset_not_null NOT NULL,
    create_time timestamp with time zone CONSTRAINT log_chunk_create_time_not_null NOT NULL,
    record_count bigint CONSTRAINT log_chunk_record_count_not_null NOT NULL,
    max_level smallint CONSTRAINT log_chunk_max_level_not_null NOT NULL,
    records bytea CONSTRAINT log_chunk_records_not_null NOT NULL
);
CREATE TABLE public.log_chunk_p20261123 (
    flow_run_id uuid CONSTRAINT log_chunk_flow_run_id_not_null NOT NULL,
    stream text CONSTRAINT log_chunk_stream_not_null NOT NULL,
    first_offset bigint CONSTRAINT log_chunk_first_offset_not_null NOT NULL,
    create_time timestamp with time zone CONSTRAINT log_chunk_create_time_not_null NOT NULL,
    record_count bigint CONSTRAINT log_chunk_record_count_not_null NOT NULL,
    max_level smallint CONSTRAINT log_chunk_max_level_not_null NOT NULL,
    records bytea CONSTRAINT log_chunk_records_not_null NOT NULL
);
CREATE TABLE public.log_chunk_p20261124 (
    flow_run_id uuid CONSTRAINT log_chunk_flow_run_id_not_null NOT NULL,
    stream text CONSTRAINT log_chunk_stream_not_null NOT NULL,
    first_offset bigint CONSTRAINT log_chunk_first_offset_not_null NOT NULL,
    create_time timestamp with time zone CONSTRAINT log_chunk_create_time_not_null NOT NULL,
    record_count bigint CONSTRAINT log_chunk_record_count_not_null NOT NULL,
    max_level smallint CONSTRAINT log_chunk_max_level_not_null NOT NULL,
    records bytea CONSTRAINT log_chunk_records_not_null NOT NULL
);
CREATE TABLE public.log_chunk_p20261125 (
    flow_run_id uuid CONSTRAINT log_chunk_flow_run_id_not_null NOT NULL,
    stream text CONSTRAINT log_chunk_stream_not_null NOT NULL,
    first_offset bigint CONSTRAINT log_chunk_first_offset_not_null NOT NULL,
    create_time timestamp with time zone CONSTRAINT log_chunk_create_time_not_null NOT NULL,
    record_count bigint CONSTRAINT log_chunk_record_count_not_null NOT NULL,
    max_level smallint CONSTRAINT log_chunk_max_level_not_null NOT NULL,
    records bytea CONSTRAINT log_chunk_records_not_null NOT NULL
);
CREATE TABLE public.log_stream (
    flow_run_id uuid NOT NULL,
    stream text NOT NULL,
    next_offset bigint NOT NULL
)
WITH (fillfactor='50');
CREATE TABLE public.request (
    id uuid NOT NULL,
    method text NOT NULL,
    fingerprint bytea NOT NULL,
    response bytea NOT NULL,
    create_time timestamp with time zone NOT NULL
);
CREATE TABLE public.schedule (
    id uuid NOT NULL,
    deployment_id uuid NOT NULL,
    name text NOT NULL,
    spec text NOT NULL,
    paused boolean NOT NULL,
    parameters text NOT NULL,
    catch_up_policy smallint NOT NULL,
    catch_up_window_ms bigint,
    overlap_policy smallint NOT NULL,
    jitter_ms bigint NOT NULL,
    next_time timestamp with time zone,
    last_time timestamp with time zone,
    create_time timestamp with time zone NOT NULL,
    update_time timestamp with time zone NOT NULL,
    version bigint NOT NULL
);
CREATE TABLE public.session (
    id uuid NOT NULL,
    work_pool_id uuid NOT NULL,
    worker_name text NOT NULL,
    work_queue_names text NOT NULL,
    slots bigint NOT NULL,
    labels text NOT NULL,
    capabilities text NOT NULL,
    worker_version text NOT NULL,
    draining boolean NOT NULL,
    closed boolean NOT NULL,
    create_time timestamp with time zone NOT NULL,
    last_seen_time timestamp with time zone NOT NULL
)
WITH (fillfactor='50', autovacuum_vacuum_scale_factor='0.02', autovacuum_vacuum_cost_delay='0');
CREATE TABLE public.task_run (
    id uuid NOT NULL,
    flow_run_id uuid NOT NULL,
    name text NOT NULL,
    task_key text NOT NULL,
    dynamic_key text NOT NULL,
    state_type smallint NOT NULL,
    state_name text NOT NULL,
    state_message text NOT NULL,
    state_time timestamp with time zone NOT NULL,
    failure text,
    attempt bigint NOT NULL,
    tags text NOT NULL,
    upstream_task_run_ids text NOT NULL,
    cache_key text NOT NULL,
    child_flow_run_id uuid,
    result_data bytea,
    result_uri text,
    result_media_type text,
    result_size_bytes bigint,
    create_time timestamp with time zone NOT NULL,
    start_time timestamp with time zone,
    end_time timestamp with time zone,
    version bigint NOT NULL,
    CONSTRAINT ck_task_run_state_type CHECK (((state_type >= 1) AND (state_type <= 9)))
);
CREATE TABLE public.task_run_state (
    task_run_id uuid NOT NULL,
    version bigint NOT NULL,
    state_time timestamp with time zone NOT NULL,
    type smallint CONSTRAINT task_run_state_type_not_null1 NOT NULL,
    name text CONSTRAINT task_run_state_name_not_null1 NOT NULL,
    message text CONSTRAINT task_run_state_message_not_null1 NOT NULL,
    failure text,
    token bigint NOT NULL
)
PARTITION BY RANGE (state_time);
CREATE TABLE public.task_run_state_default (
    task_run_id uuid CONSTRAINT task_run_state_task_run_id_not_null NOT NULL,
    version bigint CONSTRAINT task_run_state_version_not_null NOT NULL,
    state_time timestamp with time zone CONSTRAINT task_run_state_state_time_not_null NOT NULL,
    type smallint CONSTRAINT task_run_state_type_not_null1 NOT NULL,
    name text CONSTRAINT task_run_state_name_not_null1 NOT NULL,
    message text CONSTRAINT task_run_state_message_not_null1 NOT NULL,
    failure text,
    token bigint CONSTRAINT task_run_state_token_not_null NOT NULL
);
CREATE TABLE public.task_run_state_p20261122 (
    task_run_id uuid CONSTRAINT task_run_state_task_run_id_not_null NOT NULL,
    version bigint CONSTRAINT task_run_state_version_not_null NOT NULL,
    state_time timestamp with time zone CONSTRAINT task_run_state_state_time_not_null NOT NULL,
    type smallint CONSTRAINT task_run_state_type_not_null1 NOT NULL,
    name text CONSTRAINT task_run_state_name_not_null1 NOT NULL,
    message text CONSTRAINT task_run_state_message_not_null1 NOT NULL,
    failure text,
    token bigint CONSTRAINT task_run_state_token_not_null NOT NULL
);
CREATE TABLE public.task_run_state_p20261123 (
    task_run_id uuid CONSTRAINT task_run_state_task_run_id_not_null NOT NULL,
    version bigint CONSTRAINT task_run_state_version_not_null NOT NULL,
    state_time timestamp with time zone CONSTRAINT task_run_state_state_time_not_null NOT NULL,
    type smallint CONSTRAINT task_run_state_type_not_null1 NOT NULL,
    name text CONSTRAINT task_run_state_name_not_null1 NOT NULL,
    message text CONSTRAINT task_run_state_message_not_null1 NOT NULL,
    failure text,
    token bigint CONSTRAINT task_run_state_token_not_null NOT NULL
);
CREATE TABLE public.task_run_state_p20261124 (
    task_run_id uuid CONSTRAINT task_run_state_task_run_id_not_null NOT NULL,
    version bigint CONSTRAINT task_run_state_version_not_null NOT NULL,
    state_time timestamp with time zone CONSTRAINT task_run_state_state_time_not_null NOT NULL,
    type smallint CONSTRAINT task_run_state_type_not_null1 NOT NULL,
    name text CONSTRAINT task_run_state_name_not_null1 NOT NULL,
    message text CONSTRAINT task_run_state_message_not_null1 NOT NULL,
    failure text,
    token bigint CONSTRAINT task_run_state_token_not_null NOT NULL
);
CREATE TABLE public.task_run_state_p20261125 (
    task_run_id uuid CONSTRAINT task_run_state_task_run_id_not_null NOT NULL,
    version bigint CONSTRAINT task_run_state_version_not_null NOT NULL,
    state_time timestamp with time zone CONSTRAINT task_run_state_state_time_not_null NOT NULL,
    type smallint CONSTRAINT task_run_state_type_not_null1 NOT NULL,
    name text CONSTRAINT task_run_state_name_not_null1 NOT NULL,
    message text CONSTRAINT task_run_state_message_not_null1 NOT NULL,
    failure text,
    token bigint CONSTRAINT task_run_state_token_not_null NOT NULL
);
CREATE TABLE public.work_pool (
    id uuid NOT NULL,
    name text NOT NULL,
    type text NOT NULL,
    description text NOT NULL,
    paused boolean NOT NULL,
    concurrency_limit bigint,
    lease_ttl_ms bigint NOT NULL,
    job_template text NOT NULL,
    create_time timestamp with time zone NOT NULL,
    update_time timestamp with time zone NOT NULL,
    version bigint NOT NULL,
    CONSTRAINT ck_work_pool_concurrency_limit CHECK ((concurrency_limit >= 0)),
    CONSTRAINT ck_work_pool_lease_ttl CHECK ((lease_ttl_ms >= 1000))
);
CREATE TABLE public.work_queue (
    id uuid NOT NULL,
    work_pool_id uuid NOT NULL,
    name text NOT NULL,
    description text NOT NULL,
    priority bigint NOT NULL,
    paused boolean NOT NULL,
    concurrency_limit bigint,
    create_time timestamp with time zone NOT NULL,
    update_time timestamp with time zone NOT NULL,
    version bigint NOT NULL,
    CONSTRAINT ck_work_queue_concurrency_limit CHECK ((concurrency_limit >= 0))
);
ALTER TABLE ONLY public.flow_run_state ATTACH PARTITION public.flow_run_state_default DEFAULT;
ALTER TABLE ONLY public.flow_run_state ATTACH PARTITION public.flow_run_state_p20261122 FOR VALUES FROM ('2026-11-22 00:00:00+00') TO ('2026-11-23 00:00:00+00');
ALTER TABLE ONLY public.flow_run_state ATTACH PARTITION public.flow_run_state_p20261123 FOR VALUES FROM ('2026-11-23 00:00:00+00') TO ('2026-11-24 00:00:00+00');
ALTER TABLE ONLY public.flow_run_state ATTACH PARTITION public.flow_run_state_p20261124 FOR VALUES FROM ('2026-11-24 00:00:00+00') TO ('2026-11-25 00:00:00+00');
ALTER TABLE ONLY public.flow_run_state ATTACH PARTITION public.flow_run_state_p20261125 FOR VALUES FROM ('2026-11-25 00:00:00+00') TO ('2026-11-26 00:00:00+00');
ALTER TABLE ONLY public.log_chunk ATTACH PARTITION public.log_chunk_default DEFAULT;
ALTER TABLE ONLY public.log_chunk ATTACH PARTITION public.log_chunk_p20261122 FOR VALUES FROM ('2026-11-22 00:00:00+00') TO ('2026-11-23 00:00:00+00');
ALTER TABLE ONLY public.log_chunk ATTACH PARTITION public.log_chunk_p20261123 FOR VALUES FROM ('2026-11-23 00:00:00+00') TO ('2026-11-24 00:00:00+00');
ALTER TABLE ONLY public.log_chunk ATTACH PARTITION public.log_chunk_p20261124 FOR VALUES FROM ('2026-11-24 00:00:00+00') TO ('2026-11-25 00:00:00+00');
ALTER TABLE ONLY public.log_chunk ATTACH PARTITION public.log_chunk_p20261125 FOR VALUES FROM ('2026-11-25 00:00:00+00') TO ('2026-11-26 00:00:00+00');
ALTER TABLE ONLY public.task_run_state ATTACH PARTITION public.task_run_state_default DEFAULT;
ALTER TABLE ONLY public.task_run_state ATTACH PARTITION public.task_run_state_p20261122 FOR VALUES FROM ('2026-11-22 00:00:00+00') TO ('2026-11-23 00:00:00+00');
ALTER TABLE ONLY public.task_run_state ATTACH PARTITION public.task_run_state_p20261123 FOR VALUES FROM ('2026-11-23 00:00:00+00') TO ('2026-11-24 00:00:00+00');
ALTER TABLE ONLY public.task_run_state ATTACH PARTITION public.task_run_state_p20261124 FOR VALUES FROM ('2026-11-24 00:00:00+00') TO ('2026-11-25 00:00:00+00');
ALTER TABLE ONLY public.task_run_state ATTACH PARTITION public.task_run_state_p20261125 FOR VALUES FROM ('2026-11-25 00:00:00+00') TO ('2026-11-26 00:00:00+00');
INSERT INTO public.alembic_version VALUES ('0001');
INSERT INTO public.background_service VALUES ('lease_sweeper', '2026-11-22 20:13:23.272004+00');
INSERT INTO public.deployment VALUES ('01a204e4-4856-7000-8e69-785f5e4f1300', '01a204e4-4856-7001-996c-49877ca4ff18', 'nightly', '', '["a","\u00fc"]', false, '01a204e4-4807-7001-a357-ae0548a491b3', '{"day": 1}', '{"properties": {"day": {"type": "integer"}}}', NULL, 1, NULL, NULL, 2, '2026-11-22 20:13:19.318261+00', '2026-11-22 20:13:19.437+00', 2);
INSERT INTO public.deployment_version VALUES ('01a204e4-4856-7000-8e69-785f5e4f1300', 1, '{"entrypoint":"etl.py:etl","job_variables":"{\"env\": {\"A\": \"1\"}}"}', '2026-11-22 20:13:19.318261+00');
INSERT INTO public.deployment_version VALUES ('01a204e4-4856-7000-8e69-785f5e4f1300', 2, '{"entrypoint":"etl.py:second"}', '2026-11-22 20:13:19.437+00');
INSERT INTO public.flow VALUES ('01a204e4-4856-7001-996c-49877ca4ff18', 'scene-e20c3a5c', '2026-11-22 20:13:19.318261+00');
INSERT INTO public.flow_run VALUES ('01a204e4-4a2b-7000-9efa-be28474a8e86', 'pending', '01a204e4-4856-7001-996c-49877ca4ff18', NULL, 0, '01a204e4-4807-7000-9073-b1073d38d28f', '01a204e4-4807-7001-a357-ae0548a491b3', 2, 'Pending', '', '2026-11-22 20:13:20.104046+00', NULL, 2, 1, 0, NULL, 0, 0, 0, NULL, NULL, '{"day": 2}', '', '["scene-e20c3a5c"]', NULL, NULL, NULL, NULL, NULL, NULL, false, '', '', '2026-11-22 20:13:19.787121+00', '2026-11-22 20:13:19.787121+00', NULL, NULL, '2026-11-22 20:13:20.104046+00');
INSERT INTO public.flow_run VALUES ('01a204e4-4c40-7000-a63f-6a1f8f2f9cf9', 'running', '01a204e4-4856-7001-996c-49877ca4ff18', NULL, 0, '01a204e4-4807-7000-9073-b1073d38d28f', '01a204e4-4807-7001-a357-ae0548a491b3', 3, 'Running', '', '2026-11-22 20:13:20.405029+00', NULL, 3, 1, 1, NULL, 1, 0, 0, NULL, NULL, '{"day": 2}', '', '["scene-e20c3a5c"]', NULL, NULL, NULL, NULL, NULL, NULL, false, '', '', '2026-11-22 20:13:20.320836+00', '2026-11-22 20:13:20.320836+00', '2026-11-22 20:13:20.405029+00', NULL, '2026-11-22 20:13:20.405029+00');
INSERT INTO public.flow_run VALUES ('01a204e4-4ccc-7000-a203-d85809927033', 'paused', '01a204e4-4856-7001-996c-49877ca4ff18', NULL, 0, '01a204e4-4807-7000-9073-b1073d38d28f', '01a204e4-4807-7001-a357-ae0548a491b3', 4, 'Paused', 'waits for Anna', '2026-11-22 20:13:20.614783+00', NULL, 4, 1, 2, NULL, 1, 0, 0, NULL, NULL, '{"day": 2}', '', '["scene-e20c3a5c"]', NULL, NULL, NULL, NULL, NULL, NULL, false, '', '', '2026-11-22 20:13:20.460181+00', '2026-11-22 20:13:20.460181+00', '2026-11-22 20:13:20.598548+00', NULL, '2026-11-22 20:13:20.614783+00');
INSERT INTO public.flow_run VALUES ('01a204e4-4e1e-7000-bf87-112fbcee1356', 'completed', '01a204e4-4856-7001-996c-49877ca4ff18', NULL, 0, '01a204e4-4807-7000-9073-b1073d38d28f', '01a204e4-4807-7001-a357-ae0548a491b3', 6, 'Completed', '42 rows', '2026-11-22 20:13:21.363508+00', NULL, 4, 1, 2, NULL, 1, 0, 0, NULL, NULL, '{"day": 2}', '', '["scene-e20c3a5c"]', NULL, NULL, NULL, NULL, NULL, NULL, false, '', '', '2026-11-22 20:13:20.798962+00', '2026-11-22 20:13:20.798962+00', '2026-11-22 20:13:20.94448+00', '2026-11-22 20:13:21.363508+00', '2026-11-22 20:13:21.363508+00');
INSERT INTO public.flow_run VALUES ('01a204e4-50d3-7000-96ca-fa566497716b', 'failed', '01a204e4-4856-7001-996c-49877ca4ff18', NULL, 0, '01a204e4-4807-7000-9073-b1073d38d28f', '01a204e4-4807-7001-a357-ae0548a491b3', 7, 'Failed', '', '2026-11-22 20:13:21.516902+00', '{"type":"ValueError","message":"no such st\u00e4dte: \u2603","stack_trace":"File \"etl.py\", line 3"}', 4, 1, 2, NULL, 1, 0, 0, NULL, NULL, '{"day": 2}', '', '["scene-e20c3a5c"]', NULL, NULL, NULL, NULL, NULL, NULL, false, '', '', '2026-11-22 20:13:21.491867+00', '2026-11-22 20:13:21.491867+00', '2026-11-22 20:13:21.510789+00', '2026-11-22 20:13:21.516902+00', '2026-11-22 20:13:21.516902+00');
INSERT INTO public.flow_run VALUES ('01a204e4-50f1-7000-9ce4-476f08fd633a', 'cancelled', '01a204e4-4856-7001-996c-49877ca4ff18', NULL, 0, '01a204e4-4807-7000-9073-b1073d38d28f', '01a204e4-4807-7001-a357-ae0548a491b3', 8, 'Cancelled', '', '2026-11-22 20:13:21.567401+00', NULL, 4, 1, 2, NULL, 1, 0, 0, NULL, NULL, '{"day": 2}', '', '["scene-e20c3a5c"]', NULL, NULL, NULL, NULL, NULL, NULL, false, '', '', '2026-11-22 20:13:21.521865+00', '2026-11-22 20:13:21.521865+00', '2026-11-22 20:13:21.549339+00', '2026-11-22 20:13:21.567401+00', '2026-11-22 20:13:21.567401+00');
INSERT INTO public.flow_run VALUES ('01a204e4-5158-7000-aceb-14994156bfa7', 'crashed', '01a204e4-4856-7001-996c-49877ca4ff18', NULL, 0, '01a204e4-4807-7000-9073-b1073d38d28f', '01a204e4-4807-7001-a357-ae0548a491b3', 9, 'Crashed', 'killed by signal 9', '2026-11-22 20:13:21.793804+00', NULL, 4, 1, 2, NULL, 1, 0, 0, NULL, NULL, '{"day": 2}', '', '["scene-e20c3a5c"]', NULL, NULL, NULL, NULL, NULL, NULL, false, '', '', '2026-11-22 20:13:21.624506+00', '2026-11-22 20:13:21.624506+00', '2026-11-22 20:13:21.750908+00', '2026-11-22 20:13:21.793804+00', '2026-11-22 20:13:21.793804+00');
INSERT INTO public.flow_run VALUES ('01a204e4-5326-7000-8451-c326d84a56b1', 'retrying', '01a204e4-4856-7001-996c-49877ca4ff18', NULL, 0, '01a204e4-4807-7000-9073-b1073d38d28f', '01a204e4-4807-7001-a357-ae0548a491b3', 1, 'AwaitingRetry', '', '2026-11-22 20:13:22.306899+00', '{"type":"ValueError","message":"no such st\u00e4dte: \u2603","stack_trace":"File \"etl.py\", line 3"}', 4, 1, 2, NULL, 1, 1, 0, '{"max_retries":3,"delays_us":[1000000],"jitter_factor":0.0}', NULL, '{"day": 2}', '', '["scene-e20c3a5c"]', NULL, NULL, NULL, NULL, NULL, NULL, false, '', '', '2026-11-22 20:13:22.086446+00', '2026-11-22 20:13:23.306899+00', '2026-11-22 20:13:22.248756+00', NULL, '2026-11-22 20:13:22.306899+00');
INSERT INTO public.flow_run VALUES ('01a204e4-4d93-7000-92f5-8748503f2938', 'cancelling', '01a204e4-4856-7001-996c-49877ca4ff18', NULL, 0, '01a204e4-4807-7000-9073-b1073d38d28f', '01a204e4-4807-7001-a357-ae0548a491b3', 5, 'Cancelling', 'enough', '2026-11-22 20:13:22.391687+00', NULL, 4, 1, 1, NULL, 1, 0, 0, NULL, NULL, '{"day": 2}', '', '["scene-e20c3a5c"]', NULL, NULL, NULL, NULL, NULL, NULL, false, '', '', '2026-11-22 20:13:20.659214+00', '2026-11-22 20:13:20.659214+00', '2026-11-22 20:13:20.709457+00', NULL, '2026-11-22 20:13:22.391687+00');
INSERT INTO public.flow_run VALUES ('01a204e4-54bd-7000-b618-7f80d0277ad0', 'queued', '01a204e4-4856-7001-996c-49877ca4ff18', NULL, 0, '01a204e4-4807-7000-9073-b1073d38d28f', '01a204e4-4838-7000-95b0-4be92f19df1f', 1, 'Scheduled', '', '2026-11-22 20:13:22.493371+00', NULL, 1, 0, 0, NULL, 0, 0, 0, NULL, NULL, '{"day": 2}', '', '["scene-e20c3a5c"]', '01a204e4-4856-7001-996c-49877ca4ff18', 'scene-e20c3a5c-queued', NULL, NULL, NULL, NULL, false, '', '', '2026-11-22 20:13:22.493371+00', '2026-11-22 20:13:22.493371+00', NULL, NULL, '2026-11-22 20:13:22.493371+00');
INSERT INTO public.flow_run VALUES ('01a204e4-54fa-7000-9bd6-acd4485ff1fe', 'later', '01a204e4-4856-7001-996c-49877ca4ff18', NULL, 0, '01a204e4-4807-7000-9073-b1073d38d28f', '01a204e4-4807-7001-a357-ae0548a491b3', 1, 'Scheduled', '', '2026-11-22 20:13:22.55467+00', NULL, 1, 0, 0, NULL, 0, 0, 0, NULL, NULL, '{"day": 2}', '', '["scene-e20c3a5c"]', NULL, NULL, NULL, NULL, NULL, NULL, false, '', '', '2026-11-22 20:13:22.55467+00', '2200-01-01 00:00:00+00', NULL, NULL, '2026-11-22 20:13:22.55467+00');
INSERT INTO public.flow_run_result VALUES ('01a204e4-4e1e-7000-bf87-112fbcee1356', '\x3432', '', 'application/json', 2);
INSERT INTO public.flow_run_state_p20261122 VALUES ('01a204e4-4a2b-7000-9efa-be28474a8e86', 1, '2026-11-22 20:13:19.787121+00', 1, 'Scheduled', '', NULL, 0);
INSERT INTO public.flow_run_state_p20261122 VALUES ('01a204e4-4a2b-7000-9efa-be28474a8e86', 2, '2026-11-22 20:13:20.104046+00', 2, 'Pending', '', NULL, 1);
INSERT INTO public.flow_run_state_p20261122 VALUES ('01a204e4-4c40-7000-a63f-6a1f8f2f9cf9', 1, '2026-11-22 20:13:20.320836+00', 1, 'Scheduled', '', NULL, 0);
INSERT INTO public.flow_run_state_p20261122 VALUES ('01a204e4-4c40-7000-a63f-6a1f8f2f9cf9', 2, '2026-11-22 20:13:20.365499+00', 2, 'Pending', '', NULL, 1);
INSERT INTO public.flow_run_state_p20261122 VALUES ('01a204e4-4c40-7000-a63f-6a1f8f2f9cf9', 3, '2026-11-22 20:13:20.405029+00', 3, 'Running', '', NULL, 1);
INSERT INTO public.flow_run_state_p20261122 VALUES ('01a204e4-4ccc-7000-a203-d85809927033', 1, '2026-11-22 20:13:20.460181+00', 1, 'Scheduled', '', NULL, 0);
INSERT INTO public.flow_run_state_p20261122 VALUES ('01a204e4-4ccc-7000-a203-d85809927033', 2, '2026-11-22 20:13:20.505584+00', 2, 'Pending', '', NULL, 1);
INSERT INTO public.flow_run_state_p20261122 VALUES ('01a204e4-4ccc-7000-a203-d85809927033', 3, '2026-11-22 20:13:20.598548+00', 3, 'Running', '', NULL, 1);
INSERT INTO public.flow_run_state_p20261122 VALUES ('01a204e4-4ccc-7000-a203-d85809927033', 4, '2026-11-22 20:13:20.614783+00', 4, 'Paused', 'waits for Anna', NULL, 1);
INSERT INTO public.flow_run_state_p20261122 VALUES ('01a204e4-4d93-7000-92f5-8748503f2938', 1, '2026-11-22 20:13:20.659214+00', 1, 'Scheduled', '', NULL, 0);
INSERT INTO public.flow_run_state_p20261122 VALUES ('01a204e4-4d93-7000-92f5-8748503f2938', 2, '2026-11-22 20:13:20.6761+00', 2, 'Pending', '', NULL, 1);
INSERT INTO public.flow_run_state_p20261122 VALUES ('01a204e4-4d93-7000-92f5-8748503f2938', 3, '2026-11-22 20:13:20.709457+00', 3, 'Running', '', NULL, 1);
INSERT INTO public.flow_run_state_p20261122 VALUES ('01a204e4-4e1e-7000-bf87-112fbcee1356', 1, '2026-11-22 20:13:20.798962+00', 1, 'Scheduled', '', NULL, 0);
INSERT INTO public.flow_run_state_p20261122 VALUES ('01a204e4-4e1e-7000-bf87-112fbcee1356', 2, '2026-11-22 20:13:20.890291+00', 2, 'Pending', '', NULL, 1);
INSERT INTO public.flow_run_state_p20261122 VALUES ('01a204e4-4e1e-7000-bf87-112fbcee1356', 3, '2026-11-22 20:13:20.94448+00', 3, 'Running', '', NULL, 1);
INSERT INTO public.flow_run_state_p20261122 VALUES ('01a204e4-4e1e-7000-bf87-112fbcee1356', 4, '2026-11-22 20:13:21.363508+00', 6, 'Completed', '42 rows', NULL, 1);
INSERT INTO public.flow_run_state_p20261122 VALUES ('01a204e4-50d3-7000-96ca-fa566497716b', 1, '2026-11-22 20:13:21.491867+00', 1, 'Scheduled', '', NULL, 0);
INSERT INTO public.flow_run_state_p20261122 VALUES ('01a204e4-50d3-7000-96ca-fa566497716b', 2, '2026-11-22 20:13:21.502038+00', 2, 'Pending', '', NULL, 1);
INSERT INTO public.flow_run_state_p20261122 VALUES ('01a204e4-50d3-7000-96ca-fa566497716b', 3, '2026-11-22 20:13:21.510789+00', 3, 'Running', '', NULL, 1);
INSERT INTO public.flow_run_state_p20261122 VALUES ('01a204e4-50d3-7000-96ca-fa566497716b', 4, '2026-11-22 20:13:21.516902+00', 7, 'Failed', '', '{"type":"ValueError","message":"no such st\u00e4dte: \u2603","stack_trace":"File \"etl.py\", line 3"}', 1);
INSERT INTO public.flow_run_state_p20261122 VALUES ('01a204e4-50f1-7000-9ce4-476f08fd633a', 1, '2026-11-22 20:13:21.521865+00', 1, 'Scheduled', '', NULL, 0);
INSERT INTO public.flow_run_state_p20261122 VALUES ('01a204e4-50f1-7000-9ce4-476f08fd633a', 2, '2026-11-22 20:13:21.531722+00', 2, 'Pending', '', NULL, 1);
INSERT INTO public.flow_run_state_p20261122 VALUES ('01a204e4-50f1-7000-9ce4-476f08fd633a', 3, '2026-11-22 20:13:21.549339+00', 3, 'Running', '', NULL, 1);
INSERT INTO public.flow_run_state_p20261122 VALUES ('01a204e4-50f1-7000-9ce4-476f08fd633a', 4, '2026-11-22 20:13:21.567401+00', 8, 'Cancelled', '', NULL, 1);
INSERT INTO public.flow_run_state_p20261122 VALUES ('01a204e4-5158-7000-aceb-14994156bfa7', 1, '2026-11-22 20:13:21.624506+00', 1, 'Scheduled', '', NULL, 0);
INSERT INTO public.flow_run_state_p20261122 VALUES ('01a204e4-5158-7000-aceb-14994156bfa7', 2, '2026-11-22 20:13:21.679498+00', 2, 'Pending', '', NULL, 1);
INSERT INTO public.flow_run_state_p20261122 VALUES ('01a204e4-5158-7000-aceb-14994156bfa7', 3, '2026-11-22 20:13:21.750908+00', 3, 'Running', '', NULL, 1);
INSERT INTO public.flow_run_state_p20261122 VALUES ('01a204e4-5158-7000-aceb-14994156bfa7', 4, '2026-11-22 20:13:21.793804+00', 9, 'Crashed', 'killed by signal 9', NULL, 1);
INSERT INTO public.flow_run_state_p20261122 VALUES ('01a204e4-5326-7000-8451-c326d84a56b1', 1, '2026-11-22 20:13:22.086446+00', 1, 'Scheduled', '', NULL, 0);
INSERT INTO public.flow_run_state_p20261122 VALUES ('01a204e4-5326-7000-8451-c326d84a56b1', 2, '2026-11-22 20:13:22.143499+00', 2, 'Pending', '', NULL, 1);
INSERT INTO public.flow_run_state_p20261122 VALUES ('01a204e4-5326-7000-8451-c326d84a56b1', 3, '2026-11-22 20:13:22.248756+00', 3, 'Running', '', NULL, 1);
INSERT INTO public.flow_run_state_p20261122 VALUES ('01a204e4-5326-7000-8451-c326d84a56b1', 4, '2026-11-22 20:13:22.306899+00', 1, 'AwaitingRetry', '', '{"type":"ValueError","message":"no such st\u00e4dte: \u2603","stack_trace":"File \"etl.py\", line 3"}', 1);
INSERT INTO public.flow_run_state_p20261122 VALUES ('01a204e4-4d93-7000-92f5-8748503f2938', 4, '2026-11-22 20:13:22.391687+00', 5, 'Cancelling', 'enough', NULL, 1);
INSERT INTO public.flow_run_state_p20261122 VALUES ('01a204e4-54bd-7000-b618-7f80d0277ad0', 1, '2026-11-22 20:13:22.493371+00', 1, 'Scheduled', '', NULL, 0);
INSERT INTO public.flow_run_state_p20261122 VALUES ('01a204e4-54fa-7000-9bd6-acd4485ff1fe', 1, '2026-11-22 20:13:22.55467+00', 1, 'Scheduled', '', NULL, 0);
INSERT INTO public.flow_run_tag VALUES ('scene-e20c3a5c', '01a204e4-4a2b-7000-9efa-be28474a8e86');
INSERT INTO public.flow_run_tag VALUES ('scene-e20c3a5c', '01a204e4-4c40-7000-a63f-6a1f8f2f9cf9');
INSERT INTO public.flow_run_tag VALUES ('scene-e20c3a5c', '01a204e4-4ccc-7000-a203-d85809927033');
INSERT INTO public.flow_run_tag VALUES ('scene-e20c3a5c', '01a204e4-4d93-7000-92f5-8748503f2938');
INSERT INTO public.flow_run_tag VALUES ('scene-e20c3a5c', '01a204e4-4e1e-7000-bf87-112fbcee1356');
INSERT INTO public.flow_run_tag VALUES ('scene-e20c3a5c', '01a204e4-50d3-7000-96ca-fa566497716b');
INSERT INTO public.flow_run_tag VALUES ('scene-e20c3a5c', '01a204e4-50f1-7000-9ce4-476f08fd633a');
INSERT INTO public.flow_run_tag VALUES ('scene-e20c3a5c', '01a204e4-5158-7000-aceb-14994156bfa7');
INSERT INTO public.flow_run_tag VALUES ('scene-e20c3a5c', '01a204e4-5326-7000-8451-c326d84a56b1');
INSERT INTO public.flow_run_tag VALUES ('scene-e20c3a5c', '01a204e4-54bd-7000-b618-7f80d0277ad0');
INSERT INTO public.flow_run_tag VALUES ('scene-e20c3a5c', '01a204e4-54fa-7000-9bd6-acd4485ff1fe');
INSERT INTO public.lease VALUES ('01a204e4-4a2b-7000-9efa-be28474a8e86', 1, '01a204e4-4a19-7000-87ee-bb6ed5777428', 'ed0093cb-7e0d-4215-888d-00fbeabeab95', '01a204e4-4807-7000-9073-b1073d38d28f', '01a204e4-4807-7001-a357-ae0548a491b3', NULL, 1, NULL, 3600000, '2026-11-22 20:13:20.104046+00', '2026-11-22 21:13:20.104046+00');
INSERT INTO public.lease VALUES ('01a204e4-4c40-7000-a63f-6a1f8f2f9cf9', 1, '01a204e4-4a19-7000-87ee-bb6ed5777428', '0a337a42-0951-4a31-b3ee-fc710f246892', '01a204e4-4807-7000-9073-b1073d38d28f', '01a204e4-4807-7001-a357-ae0548a491b3', NULL, 1, NULL, 3600000, '2026-11-22 20:13:20.365499+00', '2026-11-22 21:13:20.365499+00');
INSERT INTO public.lease VALUES ('01a204e4-4ccc-7000-a203-d85809927033', 1, '01a204e4-4a19-7000-87ee-bb6ed5777428', '441ca21b-a9f7-4670-85d8-2510cac92eab', '01a204e4-4807-7000-9073-b1073d38d28f', '01a204e4-4807-7001-a357-ae0548a491b3', NULL, 1, NULL, 3600000, '2026-11-22 20:13:20.505584+00', '2026-11-22 21:13:20.505584+00');
INSERT INTO public.lease VALUES ('01a204e4-4d93-7000-92f5-8748503f2938', 1, '01a204e4-4a19-7000-87ee-bb6ed5777428', 'd1f444f4-ed15-44bc-b6c2-f89b909857f8', '01a204e4-4807-7000-9073-b1073d38d28f', '01a204e4-4807-7001-a357-ae0548a491b3', NULL, 1, NULL, 3600000, '2026-11-22 20:13:20.6761+00', '2026-11-22 21:13:20.6761+00');
INSERT INTO public.log_chunk_p20261122 VALUES ('01a204e4-4e1e-7000-bf87-112fbcee1356', 'stdout', 0, '2026-11-22 20:13:21.094295+00', 2, 20, '\x2a160a0608c0f795cd0610141a0365746c220566697273742a200a0608c0f795cd0610141a0365746c220f7a776569746520e29883206c696e65');
INSERT INTO public.log_chunk_p20261122 VALUES ('01a204e4-4e1e-7000-bf87-112fbcee1356', 'stdout', 2, '2026-11-22 20:13:21.178125+00', 1, 20, '\x2a160a0608c0f795cd0610141a0365746c22057468697264');
INSERT INTO public.log_chunk_p20261122 VALUES ('01a204e4-4c40-7000-a63f-6a1f8f2f9cf9', 'stdout', 0, '2026-11-22 20:13:21.833529+00', 2, 20, '\x2a160a0608c0f795cd0610141a0365746c220566697273742a200a0608c0f795cd0610141a0365746c220f7a776569746520e29883206c696e65');
INSERT INTO public.log_chunk_p20261122 VALUES ('01a204e4-4c40-7000-a63f-6a1f8f2f9cf9', 'stdout', 2, '2026-11-22 20:13:21.916383+00', 1, 20, '\x2a160a0608c0f795cd0610141a0365746c22057468697264');
INSERT INTO public.log_stream VALUES ('01a204e4-4e1e-7000-bf87-112fbcee1356', 'stdout', 3);
INSERT INTO public.log_stream VALUES ('01a204e4-4c40-7000-a63f-6a1f8f2f9cf9', 'stdout', 3);
INSERT INTO public.request VALUES ('47804534-9105-42c6-a00e-47bd9a3393e7', 'CreateFlowRun', '\xd24f653ebcdc08ff8301deedd11db7d7', '\x0aec010a2430316132303465342d346132622d373030302d396566612d626532383437346138653836120770656e64696e671a2430316132303465342d343835362d373030312d393936632d343938373763613466663138220e7363656e652d65323063336135633a0e7363656e652d6532306333613563420764656661756c744a1b080112095363686564756c6564220c08df998dd80610e886aaf702520a7b22646179223a20327d5a0e7363656e652d6532306333613563ca010c08df998dd80610e886aaf702d2010c08df998dd80610e886aaf702ea010c08df998dd80610e886aaf702f00101fa010276311001', '2026-11-22 20:13:19.787121+00');
INSERT INTO public.request VALUES ('c5f6b39c-b0bc-400d-9545-90a81008e4e3', 'CreateFlowRun', '\xcd2cd888bf966992d96f55e2fdb29454', '\x0aec010a2430316132303465342d346334302d373030302d613633662d366131663866326639636639120772756e6e696e671a2430316132303465342d343835362d373030312d393936632d343938373763613466663138220e7363656e652d65323063336135633a0e7363656e652d6532306333613563420764656661756c744a1b080112095363686564756c6564220c08e0998dd80610a0a3fe9801520a7b22646179223a20327d5a0e7363656e652d6532306333613563ca010c08e0998dd80610a0a3fe9801d2010c08e0998dd80610a0a3fe9801ea010c08e0998dd80610a0a3fe9801f00101fa010276311001', '2026-11-22 20:13:20.320836+00');
INSERT INTO public.request VALUES ('1ea28b75-4eb1-47cb-8818-b125cc3f1cc1', 'CreateFlowRun', '\x0b09521f4400fd4f2561fba512a5ba33', '\x0aeb010a2430316132303465342d346363632d373030302d613230332d64383538303939323730333312067061757365641a2430316132303465342d343835362d373030312d393936632d343938373763613466663138220e7363656e652d65323063336135633a0e7363656e652d6532306333613563420764656661756c744a1b080112095363686564756c6564220c08e0998dd80610889cb7db01520a7b22646179223a20327d5a0e7363656e652d6532306333613563ca010c08e0998dd80610889cb7db01d2010c08e0998dd80610889cb7db01ea010c08e0998dd80610889cb7db01f00101fa010276311001', '2026-11-22 20:13:20.460181+00');
INSERT INTO public.request VALUES ('b5ec7652-22c2-4647-a464-8917e4725397', 'CreateFlowRun', '\x0384cf7346f47c8f4002ce2343546e3f', '\x0aef010a2430316132303465342d346439332d373030302d393266352d383734383530336632393338120a63616e63656c6c696e671a2430316132303465342d343835362d373030312d393936632d343938373763613466663138220e7363656e652d65323063336135633a0e7363656e652d6532306333613563420764656661756c744a1b080112095363686564756c6564220c08e0998dd80610b09dabba02520a7b22646179223a20327d5a0e7363656e652d6532306333613563ca010c08e0998dd80610b09dabba02d2010c08e0998dd80610b09dabba02ea010c08e0998dd80610b09dabba02f00101fa010276311001', '2026-11-22 20:13:20.659214+00');
INSERT INTO public.request VALUES ('858df84e-e804-4252-a43a-ab3eea007d8d', 'CreateFlowRun', '\x0a8dc8eab0b831a841676d0c1046c049', '\x0aee010a2430316132303465342d346531652d373030302d626638372d3131326662636565313335361209636f6d706c657465641a2430316132303465342d343835362d373030312d393936632d343938373763613466663138220e7363656e652d65323063336135633a0e7363656e652d6532306333613563420764656661756c744a1b080112095363686564756c6564220c08e0998dd80610d0e2fcfc02520a7b22646179223a20327d5a0e7363656e652d6532306333613563ca010c08e0998dd80610d0e2fcfc02d2010c08e0998dd80610d0e2fcfc02ea010c08e0998dd80610d0e2fcfc02f00101fa010276311001', '2026-11-22 20:13:20.798962+00');
INSERT INTO public.request VALUES ('5abcabc8-6629-4361-b286-c216a58d1cf2', 'CreateFlowRun', '\xbd4a53cfe381a9249a738b6cfb7a19d8', '\x0aeb010a2430316132303465342d353064332d373030302d393663612d66613536363439373731366212066661696c65641a2430316132303465342d343835362d373030312d393936632d343938373763613466663138220e7363656e652d65323063336135633a0e7363656e652d6532306333613563420764656661756c744a1b080112095363686564756c6564220c08e1998dd80610f896c5ea01520a7b22646179223a20327d5a0e7363656e652d6532306333613563ca010c08e1998dd80610f896c5ea01d2010c08e1998dd80610f896c5ea01ea010c08e1998dd80610f896c5ea01f00101fa010276311001', '2026-11-22 20:13:21.491867+00');
INSERT INTO public.request VALUES ('337e1219-01b4-4b4c-b6ee-90b50f947ac2', 'CreateFlowRun', '\x0e292e508c79b0465e05d5a3ea2849d7', '\x0aee010a2430316132303465342d353066312d373030302d396365342d343736663038666436333361120963616e63656c6c65641a2430316132303465342d343835362d373030312d393936632d343938373763613466663138220e7363656e652d65323063336135633a0e7363656e652d6532306333613563420764656661756c744a1b080112095363686564756c6564220c08e1998dd80610a88eecf801520a7b22646179223a20327d5a0e7363656e652d6532306333613563ca010c08e1998dd80610a88eecf801d2010c08e1998dd80610a88eecf801ea010c08e1998dd80610a88eecf801f00101fa010276311001', '2026-11-22 20:13:21.521865+00');
INSERT INTO public.request VALUES ('90353c6e-464e-4a4c-8b74-0b0e3d692649', 'CreateFlowRun', '\xd6e62ed1efca7b961ce2446944613aa3', '\x0aec010a2430316132303465342d353135382d373030302d616365622d3134393934313536626661371207637261736865641a2430316132303465342d343835362d373030312d393936632d343938373763613466663138220e7363656e652d65323063336135633a0e7363656e652d6532306333613563420764656661756c744a1b080112095363686564756c6564220c08e1998dd8061090e9e4a902520a7b22646179223a20327d5a0e7363656e652d6532306333613563ca010c08e1998dd8061090e9e4a902d2010c08e1998dd8061090e9e4a902ea010c08e1998dd8061090e9e4a902f00101fa010276311001', '2026-11-22 20:13:21.624506+00');
INSERT INTO public.request VALUES ('4dd6f186-3f36-4fe3-bde1-7886fa77e914', 'CreateFlowRun', '\x37138c9add8ea070592fe445525192a3', '\x0af1010a2430316132303465342d353332362d373030302d383435312d63333236643834613536623112087265747279696e671a2430316132303465342d343835362d373030312d393936632d343938373763613466663138220e7363656e652d65323063336135633a0e7363656e652d6532306333613563420764656661756c744a1a080112095363686564756c6564220b08e2998dd80610b09f9c29520a7b22646179223a20327d5a0e7363656e652d65323063336135636a06080312020801ca010b08e2998dd80610b09f9c29d2010b08e2998dd80610b09f9c29ea010b08e2998dd80610b09f9c29f00101fa010276311001', '2026-11-22 20:13:22.086446+00');
INSERT INTO public.request VALUES ('037e90c5-a685-46b6-9ea9-6fd051192d44', 'CreateFlowRun', '\x849ded2a254a9dfabebde71231f95c37', '\x0a81020a2430316132303465342d353462642d373030302d623631382d37663830643032373761643012067175657565641a2430316132303465342d343835362d373030312d393936632d343938373763613466663138220e7363656e652d65323063336135633a0e7363656e652d65323063336135634206757267656e744a1b080112095363686564756c6564220c08e2998dd80610f8fca0eb01520a7b22646179223a20327d5a0e7363656e652d653230633361356362157363656e652d65323063336135632d717565756564ca010c08e2998dd80610f8fca0eb01d2010c08e2998dd80610f8fca0eb01ea010c08e2998dd80610f8fca0eb01f00101fa010276311001', '2026-11-22 20:13:22.493371+00');
INSERT INTO public.request VALUES ('d0522ed2-14b7-40a1-8b45-a16eea625b43', 'CreateFlowRun', '\xa695293e4a18acf4d663133fa4e2567d', '\x0ae4010a2430316132303465342d353466612d373030302d396264362d61636434343835666631666512056c617465721a2430316132303465342d343835362d373030312d393936632d343938373763613466663138220e7363656e652d65323063336135633a0e7363656e652d6532306333613563420764656661756c744a1b080112095363686564756c6564220c08e2998dd80610b0afbe8802520a7b22646179223a20327d5a0e7363656e652d6532306333613563ca010c08e2998dd80610b0afbe8802d201060880b2f8841bea010c08e2998dd80610b0afbe8802f00101fa010276311001', '2026-11-22 20:13:22.55467+00');
INSERT INTO public.schedule VALUES ('01a204e4-49a1-7000-b39d-8974799234e6', '01a204e4-4856-7000-8e69-785f5e4f1300', 's0', '{"kind":"cron","expression":"30 2 * * 1-5","time_zone":"Europe/Berlin","day_or":true}', true, '', 2, NULL, 1, 0, '2026-11-23 01:30:00+00', NULL, '2026-11-22 20:13:19.649184+00', '2026-11-22 20:13:19.649184+00', 1);
INSERT INTO public.schedule VALUES ('01a204e4-49ee-7000-b297-0f5a64a1da1d', '01a204e4-4856-7000-8e69-785f5e4f1300', 's1', '{"kind":"interval","interval_us":5400000000,"anchor":"2026-03-02T12:00:00+00:00","time_zone":"America/New_York"}', true, '', 2, NULL, 1, 0, '2026-11-22 21:00:00+00', NULL, '2026-11-22 20:13:19.726121+00', '2026-11-22 20:13:19.726121+00', 1);
INSERT INTO public.schedule VALUES ('01a204e4-4a04-7000-a5fe-0dd9f466077e', '01a204e4-4856-7000-8e69-785f5e4f1300', 's2', '{"kind":"rrule","rule":"FREQ=MONTHLY;BYDAY=-1FR;BYHOUR=18","time_zone":"UTC"}', true, '', 2, NULL, 1, 0, '2026-11-27 18:00:00+00', NULL, '2026-11-22 20:13:19.74856+00', '2026-11-22 20:13:19.74856+00', 1);
INSERT INTO public.schedule VALUES ('01a204e4-5557-7000-9662-7c18e47854a1', '01a204e4-4856-7000-8e69-785f5e4f1300', 'ticking', '{"kind":"interval","interval_us":60000000,"anchor":"1970-01-01T00:00:00+00:00","time_zone":"UTC"}', false, '', 2, NULL, 1, 0, '2026-11-22 20:14:00+00', NULL, '2026-11-22 20:13:22.647445+00', '2026-11-22 20:13:22.647445+00', 1);
INSERT INTO public.session VALUES ('01a204e4-4a19-7000-87ee-bb6ed5777428', '01a204e4-4807-7000-9073-b1073d38d28f', 'anna', '[]', 50, '{"zone": "b"}', '[]', '', false, false, '2026-11-22 20:13:19.769609+00', '2026-11-22 20:13:19.769609+00');
INSERT INTO public.task_run VALUES ('01a204e4-4fa8-7000-932a-8d21c9ed3372', '01a204e4-4e1e-7000-bf87-112fbcee1356', 'extract', 'etl.extract', '0', 6, 'Completed', '', '2026-03-02 12:00:00+00', NULL, 1, '[]', '[]', '', NULL, NULL, NULL, NULL, NULL, '2026-03-02 12:00:00+00', '2026-03-02 12:00:00+00', NULL, 2);
INSERT INTO public.task_run VALUES ('01a204e4-4fa8-7000-a3cf-d657787e0de3', '01a204e4-4e1e-7000-bf87-112fbcee1356', 'load', 'etl.load', '0', 3, 'Running', '', '2026-03-02 12:00:00+00', NULL, 2, '["slow"]', '["01a204e4-4fa8-7000-932a-8d21c9ed3372"]', '', NULL, NULL, NULL, NULL, NULL, '2026-03-02 12:00:00+00', '2026-03-02 12:00:00+00', NULL, 1);
INSERT INTO public.task_run VALUES ('01a204e4-528f-7000-9a6b-0baeb08cd2b5', '01a204e4-4c40-7000-a63f-6a1f8f2f9cf9', 'extract', 'etl.extract', '0', 6, 'Completed', '', '2026-03-02 12:00:00+00', NULL, 1, '[]', '[]', '', NULL, NULL, NULL, NULL, NULL, '2026-03-02 12:00:00+00', '2026-03-02 12:00:00+00', NULL, 2);
INSERT INTO public.task_run VALUES ('01a204e4-528f-7000-ac59-75993f2347d4', '01a204e4-4c40-7000-a63f-6a1f8f2f9cf9', 'load', 'etl.load', '0', 3, 'Running', '', '2026-03-02 12:00:00+00', NULL, 2, '["slow"]', '["01a204e4-528f-7000-9a6b-0baeb08cd2b5"]', '', NULL, NULL, NULL, NULL, NULL, '2026-03-02 12:00:00+00', '2026-03-02 12:00:00+00', NULL, 1);
INSERT INTO public.task_run_state_default VALUES ('01a204e4-4fa8-7000-932a-8d21c9ed3372', 1, '2026-03-02 12:00:00+00', 3, 'Running', '', NULL, 1);
INSERT INTO public.task_run_state_default VALUES ('01a204e4-4fa8-7000-932a-8d21c9ed3372', 2, '2026-03-02 12:00:00+00', 6, 'Completed', '', NULL, 1);
INSERT INTO public.task_run_state_default VALUES ('01a204e4-4fa8-7000-a3cf-d657787e0de3', 1, '2026-03-02 12:00:00+00', 3, 'Running', '', NULL, 1);
INSERT INTO public.task_run_state_default VALUES ('01a204e4-528f-7000-9a6b-0baeb08cd2b5', 1, '2026-03-02 12:00:00+00', 3, 'Running', '', NULL, 1);
INSERT INTO public.task_run_state_default VALUES ('01a204e4-528f-7000-9a6b-0baeb08cd2b5', 2, '2026-03-02 12:00:00+00', 6, 'Completed', '', NULL, 1);
INSERT INTO public.task_run_state_default VALUES ('01a204e4-528f-7000-ac59-75993f2347d4', 1, '2026-03-02 12:00:00+00', 3, 'Running', '', NULL, 1);
INSERT INTO public.work_pool VALUES ('01a204e4-3f7a-7000-bd62-8b83a310ab2d', 'default', 'process', '', false, NULL, 15000, '', '2026-11-22 20:13:17.050551+00', '2026-11-22 20:13:17.050551+00', 1);
INSERT INTO public.work_pool VALUES ('01a204e4-4807-7000-9073-b1073d38d28f', 'scene-e20c3a5c', 'process', 'a lab', false, NULL, 3600000, '', '2026-11-22 20:13:19.239123+00', '2026-11-22 20:13:19.239123+00', 1);
INSERT INTO public.work_queue VALUES ('01a204e4-3f7a-7001-8231-18aedc1ae0d1', '01a204e4-3f7a-7000-bd62-8b83a310ab2d', 'default', '', 100, false, NULL, '2026-11-22 20:13:17.050551+00', '2026-11-22 20:13:17.050551+00', 1);
INSERT INTO public.work_queue VALUES ('01a204e4-4807-7001-a357-ae0548a491b3', '01a204e4-4807-7000-9073-b1073d38d28f', 'default', '', 100, false, NULL, '2026-11-22 20:13:19.239123+00', '2026-11-22 20:13:19.239123+00', 1);
INSERT INTO public.work_queue VALUES ('01a204e4-4838-7000-95b0-4be92f19df1f', '01a204e4-4807-7000-9073-b1073d38d28f', 'urgent', '', 7, false, NULL, '2026-11-22 20:13:19.288718+00', '2026-11-22 20:13:19.288718+00', 1);
ALTER TABLE ONLY public.alembic_version
    ADD CONSTRAINT alembic_version_pkc PRIMARY KEY (version_num);
ALTER TABLE ONLY public.flow_run_state
    ADD CONSTRAINT pk_flow_run_state PRIMARY KEY (flow_run_id, version, state_time);
ALTER TABLE ONLY public.flow_run_state_default
    ADD CONSTRAINT flow_run_state_default_pkey PRIMARY KEY (flow_run_id, version, state_time);
ALTER TABLE ONLY public.flow_run_state_p20261122
    ADD CONSTRAINT flow_run_state_p20261122_pkey PRIMARY KEY (flow_run_id, version, state_time);
ALTER TABLE ONLY public.flow_run_state_p20261123
    ADD CONSTRAINT flow_run_state_p20261123_pkey PRIMARY KEY (flow_run_id, version, state_time);
ALTER TABLE ONLY public.flow_run_state_p20261124
    ADD CONSTRAINT flow_run_state_p20261124_pkey PRIMARY KEY (flow_run_id, version, state_time);
ALTER TABLE ONLY public.flow_run_state_p20261125
    ADD CONSTRAINT flow_run_state_p20261125_pkey PRIMARY KEY (flow_run_id, version, state_time);
ALTER TABLE ONLY public.log_chunk
    ADD CONSTRAINT pk_log_chunk PRIMARY KEY (flow_run_id, stream, first_offset, create_time);
ALTER TABLE ONLY public.log_chunk_default
    ADD CONSTRAINT log_chunk_default_pkey PRIMARY KEY (flow_run_id, stream, first_offset, create_time);
ALTER TABLE ONLY public.log_chunk_p20261122
    ADD CONSTRAINT log_chunk_p20261122_pkey PRIMARY KEY (flow_run_id, stream, first_offset, create_time);
ALTER TABLE ONLY public.log_chunk_p20261123
    ADD CONSTRAINT log_chunk_p20261123_pkey PRIMARY KEY (flow_run_id, stream, first_offset, create_time);
ALTER TABLE ONLY public.log_chunk_p20261124
    ADD CONSTRAINT log_chunk_p20261124_pkey PRIMARY KEY (flow_run_id, stream, first_offset, create_time);
ALTER TABLE ONLY public.log_chunk_p20261125
    ADD CONSTRAINT log_chunk_p20261125_pkey PRIMARY KEY (flow_run_id, stream, first_offset, create_time);
ALTER TABLE ONLY public.background_service
    ADD CONSTRAINT pk_background_service PRIMARY KEY (name);
ALTER TABLE ONLY public.deployment
    ADD CONSTRAINT pk_deployment PRIMARY KEY (id);
ALTER TABLE ONLY public.deployment_version
    ADD CONSTRAINT pk_deployment_version PRIMARY KEY (deployment_id, number);
ALTER TABLE ONLY public.flow
    ADD CONSTRAINT pk_flow PRIMARY KEY (id);
ALTER TABLE ONLY public.flow_run
    ADD CONSTRAINT pk_flow_run PRIMARY KEY (id);
ALTER TABLE ONLY public.flow_run_result
    ADD CONSTRAINT pk_flow_run_result PRIMARY KEY (flow_run_id);
ALTER TABLE ONLY public.flow_run_tag
    ADD CONSTRAINT pk_flow_run_tag PRIMARY KEY (tag, flow_run_id);
ALTER TABLE ONLY public.lease
    ADD CONSTRAINT pk_lease PRIMARY KEY (flow_run_id);
ALTER TABLE ONLY public.log_stream
    ADD CONSTRAINT pk_log_stream PRIMARY KEY (flow_run_id, stream);
ALTER TABLE ONLY public.request
    ADD CONSTRAINT pk_request PRIMARY KEY (id);
ALTER TABLE ONLY public.schedule
    ADD CONSTRAINT pk_schedule PRIMARY KEY (id);
ALTER TABLE ONLY public.session
    ADD CONSTRAINT pk_session PRIMARY KEY (id);
ALTER TABLE ONLY public.task_run
    ADD CONSTRAINT pk_task_run PRIMARY KEY (id);
ALTER TABLE ONLY public.task_run_state
    ADD CONSTRAINT pk_task_run_state PRIMARY KEY (task_run_id, version, state_time);
ALTER TABLE ONLY public.work_pool
    ADD CONSTRAINT pk_work_pool PRIMARY KEY (id);
ALTER TABLE ONLY public.work_queue
    ADD CONSTRAINT pk_work_queue PRIMARY KEY (id);
ALTER TABLE ONLY public.task_run_state_default
    ADD CONSTRAINT task_run_state_default_pkey PRIMARY KEY (task_run_id, version, state_time);
ALTER TABLE ONLY public.task_run_state_p20261122
    ADD CONSTRAINT task_run_state_p20261122_pkey PRIMARY KEY (task_run_id, version, state_time);
ALTER TABLE ONLY public.task_run_state_p20261123
    ADD CONSTRAINT task_run_state_p20261123_pkey PRIMARY KEY (task_run_id, version, state_time);
ALTER TABLE ONLY public.task_run_state_p20261124
    ADD CONSTRAINT task_run_state_p20261124_pkey PRIMARY KEY (task_run_id, version, state_time);
ALTER TABLE ONLY public.task_run_state_p20261125
    ADD CONSTRAINT task_run_state_p20261125_pkey PRIMARY KEY (task_run_id, version, state_time);
ALTER TABLE ONLY public.deployment
    ADD CONSTRAINT uq_deployment_flow_id_name UNIQUE (flow_id, name);
ALTER TABLE ONLY public.flow
    ADD CONSTRAINT uq_flow_name UNIQUE (name);
ALTER TABLE ONLY public.schedule
    ADD CONSTRAINT uq_schedule_deployment_id_name UNIQUE (deployment_id, name);
ALTER TABLE ONLY public.work_pool
    ADD CONSTRAINT uq_work_pool_name UNIQUE (name);
ALTER TABLE ONLY public.work_queue
    ADD CONSTRAINT uq_work_queue_work_pool_id_name UNIQUE (work_pool_id, name);
CREATE INDEX ix_flow_run_deployment ON public.flow_run USING btree (deployment_id, id) WHERE (deployment_id IS NOT NULL);
CREATE INDEX ix_flow_run_flow ON public.flow_run USING btree (flow_id, id);
CREATE INDEX ix_flow_run_name ON public.flow_run USING btree (name text_pattern_ops, id);
CREATE INDEX ix_flow_run_open_of_schedule ON public.flow_run USING btree (schedule_id, id) WHERE ((schedule_id IS NOT NULL) AND (end_time IS NULL));
CREATE INDEX ix_flow_run_parent ON public.flow_run USING btree (parent_flow_run_id, id) WHERE (parent_flow_run_id IS NOT NULL);
CREATE INDEX ix_flow_run_pool ON public.flow_run USING btree (work_pool_id, id);
CREATE INDEX ix_flow_run_queued ON public.flow_run USING btree (work_queue_id, scheduled_time, id) WHERE (state_type = 1);
CREATE INDEX ix_flow_run_schedule ON public.flow_run USING btree (schedule_id, id) WHERE (schedule_id IS NOT NULL);
CREATE INDEX ix_flow_run_state ON public.flow_run USING btree (state_type, id);
CREATE INDEX ix_flow_run_state_name ON public.flow_run USING btree (state_name, id) WHERE (state_name <> ALL (ARRAY['Scheduled'::text, 'Pending'::text, 'Running'::text, 'Paused'::text, 'Cancelling'::text, 'Completed'::text, 'Failed'::text, 'Cancelled'::text, 'Crashed'::text]));
CREATE INDEX ix_flow_run_tag_flow_run_id ON public.flow_run_tag USING btree (flow_run_id);
CREATE INDEX ix_lease_session_id ON public.lease USING btree (session_id);
CREATE INDEX ix_schedule_due ON public.schedule USING btree (next_time) WHERE (NOT paused);
CREATE INDEX ix_session_work_pool_id ON public.session USING btree (work_pool_id);
CREATE INDEX ix_task_run_flow_run ON public.task_run USING btree (flow_run_id, id);
CREATE UNIQUE INDEX uq_flow_run_idempotency ON public.flow_run USING btree (idempotency_scope, idempotency_key) WHERE (idempotency_key IS NOT NULL);
ALTER INDEX public.pk_flow_run_state ATTACH PARTITION public.flow_run_state_default_pkey;
ALTER INDEX public.pk_flow_run_state ATTACH PARTITION public.flow_run_state_p20261122_pkey;
ALTER INDEX public.pk_flow_run_state ATTACH PARTITION public.flow_run_state_p20261123_pkey;
ALTER INDEX public.pk_flow_run_state ATTACH PARTITION public.flow_run_state_p20261124_pkey;
ALTER INDEX public.pk_flow_run_state ATTACH PARTITION public.flow_run_state_p20261125_pkey;
ALTER INDEX public.pk_log_chunk ATTACH PARTITION public.log_chunk_default_pkey;
ALTER INDEX public.pk_log_chunk ATTACH PARTITION public.log_chunk_p20261122_pkey;
ALTER INDEX public.pk_log_chunk ATTACH PARTITION public.log_chunk_p20261123_pkey;
ALTER INDEX public.pk_log_chunk ATTACH PARTITION public.log_chunk_p20261124_pkey;
ALTER INDEX public.pk_log_chunk ATTACH PARTITION public.log_chunk_p20261125_pkey;
ALTER INDEX public.pk_task_run_state ATTACH PARTITION public.task_run_state_default_pkey;
ALTER INDEX public.pk_task_run_state ATTACH PARTITION public.task_run_state_p20261122_pkey;
ALTER INDEX public.pk_task_run_state ATTACH PARTITION public.task_run_state_p20261123_pkey;
ALTER INDEX public.pk_task_run_state ATTACH PARTITION public.task_run_state_p20261124_pkey;
ALTER INDEX public.pk_task_run_state ATTACH PARTITION public.task_run_state_p20261125_pkey;
ALTER TABLE ONLY public.deployment
    ADD CONSTRAINT fk_deployment_flow_id FOREIGN KEY (flow_id) REFERENCES public.flow(id);
ALTER TABLE ONLY public.deployment_version
    ADD CONSTRAINT fk_deployment_version_deployment_id FOREIGN KEY (deployment_id) REFERENCES public.deployment(id) ON DELETE CASCADE;
ALTER TABLE ONLY public.deployment
    ADD CONSTRAINT fk_deployment_work_queue_id FOREIGN KEY (work_queue_id) REFERENCES public.work_queue(id);
ALTER TABLE ONLY public.flow_run_result
    ADD CONSTRAINT fk_flow_run_result_flow_run_id FOREIGN KEY (flow_run_id) REFERENCES public.flow_run(id) ON DELETE CASCADE;
ALTER TABLE ONLY public.flow_run_tag
    ADD CONSTRAINT fk_flow_run_tag_flow_run_id FOREIGN KEY (flow_run_id) REFERENCES public.flow_run(id) ON DELETE CASCADE;
ALTER TABLE ONLY public.log_stream
    ADD CONSTRAINT fk_log_stream_flow_run_id FOREIGN KEY (flow_run_id) REFERENCES public.flow_run(id) ON DELETE CASCADE;
ALTER TABLE ONLY public.schedule
    ADD CONSTRAINT fk_schedule_deployment_id FOREIGN KEY (deployment_id) REFERENCES public.deployment(id) ON DELETE CASCADE;
ALTER TABLE ONLY public.session
    ADD CONSTRAINT fk_session_work_pool_id FOREIGN KEY (work_pool_id) REFERENCES public.work_pool(id) ON DELETE CASCADE;
ALTER TABLE ONLY public.work_queue
    ADD CONSTRAINT fk_work_queue_work_pool_id FOREIGN KEY (work_pool_id) REFERENCES public.work_pool(id) ON DELETE CASCADE;
