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
    flow_version text,
    holder_id uuid,
    holder_name text,
    lease_ttl_ms bigint,
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
    work_pool_id uuid,
    work_queue_id uuid,
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
INSERT INTO public.alembic_version VALUES ('0002');
INSERT INTO public.background_service VALUES ('lease_sweeper', '2026-11-22 20:16:18.189162+00');
INSERT INTO public.deployment VALUES ('01a204e6-ee89-7000-808e-2a691b6dac61', '01a204e6-ee89-7001-9e23-a527158bd728', 'nightly', '', '["a","\u00fc"]', false, '01a204e6-edcb-7001-bb84-e05beadc0466', '{"day": 1}', '{"properties": {"day": {"type": "integer"}}}', NULL, 1, NULL, NULL, 2, '2026-11-22 20:16:12.937709+00', '2026-11-22 20:16:13.397246+00', 2);
INSERT INTO public.deployment_version VALUES ('01a204e6-ee89-7000-808e-2a691b6dac61', 1, '{"entrypoint":"etl.py:etl","job_variables":"{\"env\": {\"A\": \"1\"}}"}', '2026-11-22 20:16:12.937709+00');
INSERT INTO public.deployment_version VALUES ('01a204e6-ee89-7000-808e-2a691b6dac61', 2, '{"entrypoint":"etl.py:second"}', '2026-11-22 20:16:13.397246+00');
INSERT INTO public.flow VALUES ('01a204e6-ee89-7001-9e23-a527158bd728', 'scene-2208de84', '2026-11-22 20:16:12.937709+00');
INSERT INTO public.flow_run VALUES ('01a204e6-f59e-7000-84c0-7ee0416feacd', 'pending', '01a204e6-ee89-7001-9e23-a527158bd728', NULL, 0, '01a204e6-edcb-7000-a534-5f299d222ef9', '01a204e6-edcb-7001-bb84-e05beadc0466', 2, 'Pending', '', '2026-11-22 20:16:15.017807+00', NULL, 2, 1, 0, NULL, 0, 0, 0, NULL, NULL, '{"day": 2}', '', '["scene-2208de84"]', NULL, NULL, NULL, NULL, NULL, NULL, false, '', '', '2026-11-22 20:16:14.750782+00', '2026-11-22 20:16:14.750782+00', NULL, NULL, '2026-11-22 20:16:15.017807+00', NULL, NULL, NULL, NULL);
INSERT INTO public.flow_run VALUES ('01a204e6-f73f-7000-85a8-5d2a13b711b3', 'running', '01a204e6-ee89-7001-9e23-a527158bd728', NULL, 0, '01a204e6-edcb-7000-a534-5f299d222ef9', '01a204e6-edcb-7001-bb84-e05beadc0466', 3, 'Running', '', '2026-11-22 20:16:15.302087+00', NULL, 3, 1, 1, NULL, 1, 0, 0, NULL, NULL, '{"day": 2}', '', '["scene-2208de84"]', NULL, NULL, NULL, NULL, NULL, NULL, false, '', '', '2026-11-22 20:16:15.167382+00', '2026-11-22 20:16:15.167382+00', '2026-11-22 20:16:15.302087+00', NULL, '2026-11-22 20:16:15.302087+00', NULL, NULL, NULL, NULL);
INSERT INTO public.flow_run VALUES ('01a204e6-f821-7000-9f62-51144b1e6b7d', 'paused', '01a204e6-ee89-7001-9e23-a527158bd728', NULL, 0, '01a204e6-edcb-7000-a534-5f299d222ef9', '01a204e6-edcb-7001-bb84-e05beadc0466', 4, 'Paused', 'waits for Anna', '2026-11-22 20:16:15.53158+00', NULL, 4, 1, 2, NULL, 1, 0, 0, NULL, NULL, '{"day": 2}', '', '["scene-2208de84"]', NULL, NULL, NULL, NULL, NULL, NULL, false, '', '', '2026-11-22 20:16:15.393728+00', '2026-11-22 20:16:15.393728+00', '2026-11-22 20:16:15.505567+00', NULL, '2026-11-22 20:16:15.53158+00', NULL, NULL, NULL, NULL);
INSERT INTO public.flow_run VALUES ('01a204e6-f94d-7000-b52f-312d841db275', 'completed', '01a204e6-ee89-7001-9e23-a527158bd728', NULL, 0, '01a204e6-edcb-7000-a534-5f299d222ef9', '01a204e6-edcb-7001-bb84-e05beadc0466', 6, 'Completed', '42 rows', '2026-11-22 20:16:16.683596+00', NULL, 4, 1, 2, NULL, 1, 0, 0, NULL, NULL, '{"day": 2}', '', '["scene-2208de84"]', NULL, NULL, NULL, NULL, NULL, NULL, false, '', '', '2026-11-22 20:16:15.693635+00', '2026-11-22 20:16:15.693635+00', '2026-11-22 20:16:15.756505+00', '2026-11-22 20:16:16.683596+00', '2026-11-22 20:16:16.683596+00', NULL, NULL, NULL, NULL);
INSERT INTO public.flow_run VALUES ('01a204e6-fd89-7000-a010-783ccd37eec7', 'failed', '01a204e6-ee89-7001-9e23-a527158bd728', NULL, 0, '01a204e6-edcb-7000-a534-5f299d222ef9', '01a204e6-edcb-7001-bb84-e05beadc0466', 7, 'Failed', '', '2026-11-22 20:16:16.92718+00', '{"type":"ValueError","message":"no such st\u00e4dte: \u2603","stack_trace":"File \"etl.py\", line 3"}', 4, 1, 2, NULL, 1, 0, 0, NULL, NULL, '{"day": 2}', '', '["scene-2208de84"]', NULL, NULL, NULL, NULL, NULL, NULL, false, '', '', '2026-11-22 20:16:16.777292+00', '2026-11-22 20:16:16.777292+00', '2026-11-22 20:16:16.875905+00', '2026-11-22 20:16:16.92718+00', '2026-11-22 20:16:16.92718+00', NULL, NULL, NULL, NULL);
INSERT INTO public.flow_run VALUES ('01a204e6-fe5d-7000-8676-b40d83bee16f', 'cancelled', '01a204e6-ee89-7001-9e23-a527158bd728', NULL, 0, '01a204e6-edcb-7000-a534-5f299d222ef9', '01a204e6-edcb-7001-bb84-e05beadc0466', 8, 'Cancelled', '', '2026-11-22 20:16:17.113945+00', NULL, 4, 1, 2, NULL, 1, 0, 0, NULL, NULL, '{"day": 2}', '', '["scene-2208de84"]', NULL, NULL, NULL, NULL, NULL, NULL, false, '', '', '2026-11-22 20:16:16.989607+00', '2026-11-22 20:16:16.989607+00', '2026-11-22 20:16:17.07075+00', '2026-11-22 20:16:17.113945+00', '2026-11-22 20:16:17.113945+00', NULL, NULL, NULL, NULL);
INSERT INTO public.flow_run VALUES ('01a204e6-ff14-7000-90ce-a99606eae3d6', 'crashed', '01a204e6-ee89-7001-9e23-a527158bd728', NULL, 0, '01a204e6-edcb-7000-a534-5f299d222ef9', '01a204e6-edcb-7001-bb84-e05beadc0466', 9, 'Crashed', 'killed by signal 9', '2026-11-22 20:16:17.21085+00', NULL, 4, 1, 2, NULL, 1, 0, 0, NULL, NULL, '{"day": 2}', '', '["scene-2208de84"]', NULL, NULL, NULL, NULL, NULL, NULL, false, '', '', '2026-11-22 20:16:17.172696+00', '2026-11-22 20:16:17.172696+00', '2026-11-22 20:16:17.203854+00', '2026-11-22 20:16:17.21085+00', '2026-11-22 20:16:17.21085+00', NULL, NULL, NULL, NULL);
INSERT INTO public.flow_run VALUES ('01a204e6-ffc9-7000-a2a7-e36ee014c5a4', 'retrying', '01a204e6-ee89-7001-9e23-a527158bd728', NULL, 0, '01a204e6-edcb-7000-a534-5f299d222ef9', '01a204e6-edcb-7001-bb84-e05beadc0466', 1, 'AwaitingRetry', '', '2026-11-22 20:16:17.447467+00', '{"type":"ValueError","message":"no such st\u00e4dte: \u2603","stack_trace":"File \"etl.py\", line 3"}', 4, 1, 2, NULL, 1, 1, 0, '{"max_retries":3,"delays_us":[1000000],"jitter_factor":0.0}', NULL, '{"day": 2}', '', '["scene-2208de84"]', NULL, NULL, NULL, NULL, NULL, NULL, false, '', '', '2026-11-22 20:16:17.353825+00', '2026-11-22 20:16:18.447467+00', '2026-11-22 20:16:17.420621+00', NULL, '2026-11-22 20:16:17.447467+00', NULL, NULL, NULL, NULL);
INSERT INTO public.flow_run VALUES ('01a204e6-f8de-7000-86ec-1b135b350476', 'cancelling', '01a204e6-ee89-7001-9e23-a527158bd728', NULL, 0, '01a204e6-edcb-7000-a534-5f299d222ef9', '01a204e6-edcb-7001-bb84-e05beadc0466', 5, 'Cancelling', 'enough', '2026-11-22 20:16:17.489497+00', NULL, 4, 1, 1, NULL, 1, 0, 0, NULL, NULL, '{"day": 2}', '', '["scene-2208de84"]', NULL, NULL, NULL, NULL, NULL, NULL, false, '', '', '2026-11-22 20:16:15.582861+00', '2026-11-22 20:16:15.582861+00', '2026-11-22 20:16:15.675208+00', NULL, '2026-11-22 20:16:17.489497+00', NULL, NULL, NULL, NULL);
INSERT INTO public.flow_run VALUES ('01a204e7-007e-7000-ba41-e7cfc4f0330c', 'queued', '01a204e6-ee89-7001-9e23-a527158bd728', NULL, 0, '01a204e6-edcb-7000-a534-5f299d222ef9', '01a204e6-ee10-7000-a362-faa658cc2beb', 1, 'Scheduled', '', '2026-11-22 20:16:17.53423+00', NULL, 1, 0, 0, NULL, 0, 0, 0, NULL, NULL, '{"day": 2}', '', '["scene-2208de84"]', '01a204e6-ee89-7001-9e23-a527158bd728', 'scene-2208de84-queued', NULL, NULL, NULL, NULL, false, '', '', '2026-11-22 20:16:17.53423+00', '2026-11-22 20:16:17.53423+00', NULL, NULL, '2026-11-22 20:16:17.53423+00', NULL, NULL, NULL, NULL);
INSERT INTO public.flow_run VALUES ('01a204e7-00a9-7000-8156-f78f29c9cfa9', 'later', '01a204e6-ee89-7001-9e23-a527158bd728', NULL, 0, '01a204e6-edcb-7000-a534-5f299d222ef9', '01a204e6-edcb-7001-bb84-e05beadc0466', 1, 'Scheduled', '', '2026-11-22 20:16:17.577527+00', NULL, 1, 0, 0, NULL, 0, 0, 0, NULL, NULL, '{"day": 2}', '', '["scene-2208de84"]', NULL, NULL, NULL, NULL, NULL, NULL, false, '', '', '2026-11-22 20:16:17.577527+00', '2200-01-01 00:00:00+00', NULL, NULL, '2026-11-22 20:16:17.577527+00', NULL, NULL, NULL, NULL);
INSERT INTO public.flow_run VALUES ('01a204e7-00b2-7000-8181-a0577738f753', 'process', '01a204e6-ee89-7001-9e23-a527158bd728', NULL, 0, NULL, NULL, 3, 'Running', '', '2026-11-22 20:16:17.607209+00', NULL, 1, 1, 0, NULL, 1, 0, 0, NULL, NULL, '{}', '', '["scene-2208de84"]', NULL, NULL, NULL, NULL, NULL, NULL, false, '', '', '2026-11-22 20:16:17.607209+00', '2026-11-22 20:16:17.607209+00', '2026-11-22 20:16:17.607209+00', NULL, '2026-11-22 20:16:17.607209+00', NULL, '9250bc52-6f25-4748-9ea3-507f0165b502', 'laptop/boot/7/100', 3600000);
INSERT INTO public.flow_run VALUES ('01a204e7-0110-7000-abbe-17919ea20fd3', 'process-ended', '01a204e6-ee89-7001-9e23-a527158bd728', NULL, 0, NULL, NULL, 6, 'Completed', '', '2026-11-22 20:16:17.731863+00', NULL, 2, 1, 1, NULL, 1, 0, 0, NULL, NULL, '{}', '', '["scene-2208de84"]', NULL, NULL, NULL, NULL, NULL, NULL, false, '', '', '2026-11-22 20:16:17.704933+00', '2026-11-22 20:16:17.704933+00', '2026-11-22 20:16:17.704933+00', '2026-11-22 20:16:17.731863+00', '2026-11-22 20:16:17.731863+00', NULL, '9250bc52-6f25-4748-9ea3-507f0165b502', 'laptop/boot/7/100', 3600000);
INSERT INTO public.flow_run_result VALUES ('01a204e6-f94d-7000-b52f-312d841db275', '\x3432', '', 'application/json', 2);
INSERT INTO public.flow_run_result VALUES ('01a204e7-0110-7000-abbe-17919ea20fd3', '\x3432', '', 'application/json', 2);
INSERT INTO public.flow_run_state_p20261122 VALUES ('01a204e6-f59e-7000-84c0-7ee0416feacd', 1, '2026-11-22 20:16:14.750782+00', 1, 'Scheduled', '', NULL, 0);
INSERT INTO public.flow_run_state_p20261122 VALUES ('01a204e6-f59e-7000-84c0-7ee0416feacd', 2, '2026-11-22 20:16:15.017807+00', 2, 'Pending', '', NULL, 1);
INSERT INTO public.flow_run_state_p20261122 VALUES ('01a204e6-f73f-7000-85a8-5d2a13b711b3', 1, '2026-11-22 20:16:15.167382+00', 1, 'Scheduled', '', NULL, 0);
INSERT INTO public.flow_run_state_p20261122 VALUES ('01a204e6-f73f-7000-85a8-5d2a13b711b3', 2, '2026-11-22 20:16:15.210039+00', 2, 'Pending', '', NULL, 1);
INSERT INTO public.flow_run_state_p20261122 VALUES ('01a204e6-f73f-7000-85a8-5d2a13b711b3', 3, '2026-11-22 20:16:15.302087+00', 3, 'Running', '', NULL, 1);
INSERT INTO public.flow_run_state_p20261122 VALUES ('01a204e6-f821-7000-9f62-51144b1e6b7d', 1, '2026-11-22 20:16:15.393728+00', 1, 'Scheduled', '', NULL, 0);
INSERT INTO public.flow_run_state_p20261122 VALUES ('01a204e6-f821-7000-9f62-51144b1e6b7d', 2, '2026-11-22 20:16:15.432637+00', 2, 'Pending', '', NULL, 1);
INSERT INTO public.flow_run_state_p20261122 VALUES ('01a204e6-f821-7000-9f62-51144b1e6b7d', 3, '2026-11-22 20:16:15.505567+00', 3, 'Running', '', NULL, 1);
INSERT INTO public.flow_run_state_p20261122 VALUES ('01a204e6-f821-7000-9f62-51144b1e6b7d', 4, '2026-11-22 20:16:15.53158+00', 4, 'Paused', 'waits for Anna', NULL, 1);
INSERT INTO public.flow_run_state_p20261122 VALUES ('01a204e6-f8de-7000-86ec-1b135b350476', 1, '2026-11-22 20:16:15.582861+00', 1, 'Scheduled', '', NULL, 0);
INSERT INTO public.flow_run_state_p20261122 VALUES ('01a204e6-f8de-7000-86ec-1b135b350476', 2, '2026-11-22 20:16:15.613728+00', 2, 'Pending', '', NULL, 1);
INSERT INTO public.flow_run_state_p20261122 VALUES ('01a204e6-f8de-7000-86ec-1b135b350476', 3, '2026-11-22 20:16:15.675208+00', 3, 'Running', '', NULL, 1);
INSERT INTO public.flow_run_state_p20261122 VALUES ('01a204e6-f94d-7000-b52f-312d841db275', 1, '2026-11-22 20:16:15.693635+00', 1, 'Scheduled', '', NULL, 0);
INSERT INTO public.flow_run_state_p20261122 VALUES ('01a204e6-f94d-7000-b52f-312d841db275', 2, '2026-11-22 20:16:15.703703+00', 2, 'Pending', '', NULL, 1);
INSERT INTO public.flow_run_state_p20261122 VALUES ('01a204e6-f94d-7000-b52f-312d841db275', 3, '2026-11-22 20:16:15.756505+00', 3, 'Running', '', NULL, 1);
INSERT INTO public.flow_run_state_p20261122 VALUES ('01a204e6-f94d-7000-b52f-312d841db275', 4, '2026-11-22 20:16:16.683596+00', 6, 'Completed', '42 rows', NULL, 1);
INSERT INTO public.flow_run_state_p20261122 VALUES ('01a204e6-fd89-7000-a010-783ccd37eec7', 1, '2026-11-22 20:16:16.777292+00', 1, 'Scheduled', '', NULL, 0);
INSERT INTO public.flow_run_state_p20261122 VALUES ('01a204e6-fd89-7000-a010-783ccd37eec7', 2, '2026-11-22 20:16:16.820369+00', 2, 'Pending', '', NULL, 1);
INSERT INTO public.flow_run_state_p20261122 VALUES ('01a204e6-fd89-7000-a010-783ccd37eec7', 3, '2026-11-22 20:16:16.875905+00', 3, 'Running', '', NULL, 1);
INSERT INTO public.flow_run_state_p20261122 VALUES ('01a204e6-fd89-7000-a010-783ccd37eec7', 4, '2026-11-22 20:16:16.92718+00', 7, 'Failed', '', '{"type":"ValueError","message":"no such st\u00e4dte: \u2603","stack_trace":"File \"etl.py\", line 3"}', 1);
INSERT INTO public.flow_run_state_p20261122 VALUES ('01a204e6-fe5d-7000-8676-b40d83bee16f', 1, '2026-11-22 20:16:16.989607+00', 1, 'Scheduled', '', NULL, 0);
INSERT INTO public.flow_run_state_p20261122 VALUES ('01a204e6-fe5d-7000-8676-b40d83bee16f', 2, '2026-11-22 20:16:17.027862+00', 2, 'Pending', '', NULL, 1);
INSERT INTO public.flow_run_state_p20261122 VALUES ('01a204e6-fe5d-7000-8676-b40d83bee16f', 3, '2026-11-22 20:16:17.07075+00', 3, 'Running', '', NULL, 1);
INSERT INTO public.flow_run_state_p20261122 VALUES ('01a204e6-fe5d-7000-8676-b40d83bee16f', 4, '2026-11-22 20:16:17.113945+00', 8, 'Cancelled', '', NULL, 1);
INSERT INTO public.flow_run_state_p20261122 VALUES ('01a204e6-ff14-7000-90ce-a99606eae3d6', 1, '2026-11-22 20:16:17.172696+00', 1, 'Scheduled', '', NULL, 0);
INSERT INTO public.flow_run_state_p20261122 VALUES ('01a204e6-ff14-7000-90ce-a99606eae3d6', 2, '2026-11-22 20:16:17.189846+00', 2, 'Pending', '', NULL, 1);
INSERT INTO public.flow_run_state_p20261122 VALUES ('01a204e6-ff14-7000-90ce-a99606eae3d6', 3, '2026-11-22 20:16:17.203854+00', 3, 'Running', '', NULL, 1);
INSERT INTO public.flow_run_state_p20261122 VALUES ('01a204e6-ff14-7000-90ce-a99606eae3d6', 4, '2026-11-22 20:16:17.21085+00', 9, 'Crashed', 'killed by signal 9', NULL, 1);
INSERT INTO public.flow_run_state_p20261122 VALUES ('01a204e6-ffc9-7000-a2a7-e36ee014c5a4', 1, '2026-11-22 20:16:17.353825+00', 1, 'Scheduled', '', NULL, 0);
INSERT INTO public.flow_run_state_p20261122 VALUES ('01a204e6-ffc9-7000-a2a7-e36ee014c5a4', 2, '2026-11-22 20:16:17.388485+00', 2, 'Pending', '', NULL, 1);
INSERT INTO public.flow_run_state_p20261122 VALUES ('01a204e6-ffc9-7000-a2a7-e36ee014c5a4', 3, '2026-11-22 20:16:17.420621+00', 3, 'Running', '', NULL, 1);
INSERT INTO public.flow_run_state_p20261122 VALUES ('01a204e6-ffc9-7000-a2a7-e36ee014c5a4', 4, '2026-11-22 20:16:17.447467+00', 1, 'AwaitingRetry', '', '{"type":"ValueError","message":"no such st\u00e4dte: \u2603","stack_trace":"File \"etl.py\", line 3"}', 1);
INSERT INTO public.flow_run_state_p20261122 VALUES ('01a204e6-f8de-7000-86ec-1b135b350476', 4, '2026-11-22 20:16:17.489497+00', 5, 'Cancelling', 'enough', NULL, 1);
INSERT INTO public.flow_run_state_p20261122 VALUES ('01a204e7-007e-7000-ba41-e7cfc4f0330c', 1, '2026-11-22 20:16:17.53423+00', 1, 'Scheduled', '', NULL, 0);
INSERT INTO public.flow_run_state_p20261122 VALUES ('01a204e7-00a9-7000-8156-f78f29c9cfa9', 1, '2026-11-22 20:16:17.577527+00', 1, 'Scheduled', '', NULL, 0);
INSERT INTO public.flow_run_state_p20261122 VALUES ('01a204e7-00b2-7000-8181-a0577738f753', 1, '2026-11-22 20:16:17.607209+00', 3, 'Running', '', NULL, 1);
INSERT INTO public.flow_run_state_p20261122 VALUES ('01a204e7-0110-7000-abbe-17919ea20fd3', 1, '2026-11-22 20:16:17.704933+00', 3, 'Running', '', NULL, 1);
INSERT INTO public.flow_run_state_p20261122 VALUES ('01a204e7-0110-7000-abbe-17919ea20fd3', 2, '2026-11-22 20:16:17.731863+00', 6, 'Completed', '', NULL, 1);
INSERT INTO public.flow_run_tag VALUES ('scene-2208de84', '01a204e6-f59e-7000-84c0-7ee0416feacd');
INSERT INTO public.flow_run_tag VALUES ('scene-2208de84', '01a204e6-f73f-7000-85a8-5d2a13b711b3');
INSERT INTO public.flow_run_tag VALUES ('scene-2208de84', '01a204e6-f821-7000-9f62-51144b1e6b7d');
INSERT INTO public.flow_run_tag VALUES ('scene-2208de84', '01a204e6-f8de-7000-86ec-1b135b350476');
INSERT INTO public.flow_run_tag VALUES ('scene-2208de84', '01a204e6-f94d-7000-b52f-312d841db275');
INSERT INTO public.flow_run_tag VALUES ('scene-2208de84', '01a204e6-fd89-7000-a010-783ccd37eec7');
INSERT INTO public.flow_run_tag VALUES ('scene-2208de84', '01a204e6-fe5d-7000-8676-b40d83bee16f');
INSERT INTO public.flow_run_tag VALUES ('scene-2208de84', '01a204e6-ff14-7000-90ce-a99606eae3d6');
INSERT INTO public.flow_run_tag VALUES ('scene-2208de84', '01a204e6-ffc9-7000-a2a7-e36ee014c5a4');
INSERT INTO public.flow_run_tag VALUES ('scene-2208de84', '01a204e7-007e-7000-ba41-e7cfc4f0330c');
INSERT INTO public.flow_run_tag VALUES ('scene-2208de84', '01a204e7-00a9-7000-8156-f78f29c9cfa9');
INSERT INTO public.flow_run_tag VALUES ('scene-2208de84', '01a204e7-00b2-7000-8181-a0577738f753');
INSERT INTO public.flow_run_tag VALUES ('scene-2208de84', '01a204e7-0110-7000-abbe-17919ea20fd3');
INSERT INTO public.lease VALUES ('01a204e6-f59e-7000-84c0-7ee0416feacd', 1, '01a204e6-f383-7000-b51f-3b30f951d7bc', 'd79fc5b2-1fbf-47a3-be15-6adf8f673c12', '01a204e6-edcb-7000-a534-5f299d222ef9', '01a204e6-edcb-7001-bb84-e05beadc0466', NULL, 1, NULL, 3600000, '2026-11-22 20:16:15.017807+00', '2026-11-22 21:16:15.017807+00');
INSERT INTO public.lease VALUES ('01a204e6-f73f-7000-85a8-5d2a13b711b3', 1, '01a204e6-f383-7000-b51f-3b30f951d7bc', 'e6e8e50c-8d26-4304-aa5b-7e3c6ad6f3c9', '01a204e6-edcb-7000-a534-5f299d222ef9', '01a204e6-edcb-7001-bb84-e05beadc0466', NULL, 1, NULL, 3600000, '2026-11-22 20:16:15.210039+00', '2026-11-22 21:16:15.210039+00');
INSERT INTO public.lease VALUES ('01a204e6-f821-7000-9f62-51144b1e6b7d', 1, '01a204e6-f383-7000-b51f-3b30f951d7bc', '9f92344d-c93f-433f-8265-75415795ca6c', '01a204e6-edcb-7000-a534-5f299d222ef9', '01a204e6-edcb-7001-bb84-e05beadc0466', NULL, 1, NULL, 3600000, '2026-11-22 20:16:15.432637+00', '2026-11-22 21:16:15.432637+00');
INSERT INTO public.lease VALUES ('01a204e6-f8de-7000-86ec-1b135b350476', 1, '01a204e6-f383-7000-b51f-3b30f951d7bc', '50bd0be7-4257-4608-8181-45e420d9b32f', '01a204e6-edcb-7000-a534-5f299d222ef9', '01a204e6-edcb-7001-bb84-e05beadc0466', NULL, 1, NULL, 3600000, '2026-11-22 20:16:15.613728+00', '2026-11-22 21:16:15.613728+00');
INSERT INTO public.lease VALUES ('01a204e7-00b2-7000-8181-a0577738f753', 1, NULL, NULL, NULL, NULL, NULL, 2, '9250bc52-6f25-4748-9ea3-507f0165b502', 3600000, '2026-11-22 20:16:17.607209+00', '2026-11-22 21:16:17.607209+00');
INSERT INTO public.log_chunk_p20261122 VALUES ('01a204e6-f94d-7000-b52f-312d841db275', 'stdout', 0, '2026-11-22 20:16:16.332275+00', 2, 20, '\x2a160a0608c0f795cd0610141a0365746c220566697273742a200a0608c0f795cd0610141a0365746c220f7a776569746520e29883206c696e65');
INSERT INTO public.log_chunk_p20261122 VALUES ('01a204e6-f94d-7000-b52f-312d841db275', 'stdout', 2, '2026-11-22 20:16:16.459919+00', 1, 20, '\x2a160a0608c0f795cd0610141a0365746c22057468697264');
INSERT INTO public.log_chunk_p20261122 VALUES ('01a204e6-f73f-7000-85a8-5d2a13b711b3', 'stdout', 0, '2026-11-22 20:16:17.247967+00', 2, 20, '\x2a160a0608c0f795cd0610141a0365746c220566697273742a200a0608c0f795cd0610141a0365746c220f7a776569746520e29883206c696e65');
INSERT INTO public.log_chunk_p20261122 VALUES ('01a204e6-f73f-7000-85a8-5d2a13b711b3', 'stdout', 2, '2026-11-22 20:16:17.280604+00', 1, 20, '\x2a160a0608c0f795cd0610141a0365746c22057468697264');
INSERT INTO public.log_stream VALUES ('01a204e6-f94d-7000-b52f-312d841db275', 'stdout', 3);
INSERT INTO public.log_stream VALUES ('01a204e6-f73f-7000-85a8-5d2a13b711b3', 'stdout', 3);
INSERT INTO public.request VALUES ('183ab397-fa40-410f-ac42-429d277a3d65', 'CreateFlowRun', '\x1229ef703a2bd8163e73dd80a911191e', '\x0aec010a2430316132303465362d663539652d373030302d383463302d376565303431366665616364120770656e64696e671a2430316132303465362d656538392d373030312d396532332d613532373135386264373238220e7363656e652d32323038646538343a0e7363656e652d3232303864653834420764656661756c744a1b080112095363686564756c6564220c088e9b8dd80610b08c80e602520a7b22646179223a20327d5a0e7363656e652d3232303864653834ca010c088e9b8dd80610b08c80e602d2010c088e9b8dd80610b08c80e602ea010c088e9b8dd80610b08c80e602f00101fa010276311001', '2026-11-22 20:16:14.750782+00');
INSERT INTO public.request VALUES ('aab2edc7-e617-4c43-a4cd-33feeecb5af2', 'CreateFlowRun', '\xd175c42cfd4bc3d83ca5a80646295955', '\x0ae8010a2430316132303465362d663733662d373030302d383561382d356432613133623731316233120772756e6e696e671a2430316132303465362d656538392d373030312d396532332d613532373135386264373238220e7363656e652d32323038646538343a0e7363656e652d3232303864653834420764656661756c744a1a080112095363686564756c6564220b088f9b8dd80610f097e84f520a7b22646179223a20327d5a0e7363656e652d3232303864653834ca010b088f9b8dd80610f097e84fd2010b088f9b8dd80610f097e84fea010b088f9b8dd80610f097e84ff00101fa010276311001', '2026-11-22 20:16:15.167382+00');
INSERT INTO public.request VALUES ('d78735e4-031f-4a2b-8933-c217b2bc908f', 'CreateFlowRun', '\x33b0d92ad1298e9d442f92892b9d82cd', '\x0aeb010a2430316132303465362d663832312d373030302d396636322d35313134346231653662376412067061757365641a2430316132303465362d656538392d373030312d396532332d613532373135386264373238220e7363656e652d32323038646538343a0e7363656e652d3232303864653834420764656661756c744a1b080112095363686564756c6564220c088f9b8dd8061080a0dfbb01520a7b22646179223a20327d5a0e7363656e652d3232303864653834ca010c088f9b8dd8061080a0dfbb01d2010c088f9b8dd8061080a0dfbb01ea010c088f9b8dd8061080a0dfbb01f00101fa010276311001', '2026-11-22 20:16:15.393728+00');
INSERT INTO public.request VALUES ('9624505b-c19f-499d-9829-86ddef2ffa6c', 'CreateFlowRun', '\xe97024c7b21f49dfbc04fb18aaa65abe', '\x0aef010a2430316132303465362d663864652d373030302d383665632d316231333562333530343736120a63616e63656c6c696e671a2430316132303465362d656538392d373030312d396532332d613532373135386264373238220e7363656e652d32323038646538343a0e7363656e652d3232303864653834420764656661756c744a1b080112095363686564756c6564220c088f9b8dd80610c881f79502520a7b22646179223a20327d5a0e7363656e652d3232303864653834ca010c088f9b8dd80610c881f79502d2010c088f9b8dd80610c881f79502ea010c088f9b8dd80610c881f79502f00101fa010276311001', '2026-11-22 20:16:15.582861+00');
INSERT INTO public.request VALUES ('96717830-f35a-4c1a-948d-1074b1d67022', 'CreateFlowRun', '\xe44fe7c451f734488807ccadbb8288da', '\x0aee010a2430316132303465362d663934642d373030302d623532662d3331326438343164623237351209636f6d706c657465641a2430316132303465362d656538392d373030312d396532332d613532373135386264373238220e7363656e652d32323038646538343a0e7363656e652d3232303864653834420764656661756c744a1b080112095363686564756c6564220c088f9b8dd80610b88fe0ca02520a7b22646179223a20327d5a0e7363656e652d3232303864653834ca010c088f9b8dd80610b88fe0ca02d2010c088f9b8dd80610b88fe0ca02ea010c088f9b8dd80610b88fe0ca02f00101fa010276311001', '2026-11-22 20:16:15.693635+00');
INSERT INTO public.request VALUES ('e8612288-cbca-4636-b5f0-86a4f0da1d7f', 'CreateFlowRun', '\x08b51a867535c6cfc984f1293fd55b43', '\x0aeb010a2430316132303465362d666438392d373030302d613031302d37383363636433376565633712066661696c65641a2430316132303465362d656538392d373030312d396532332d613532373135386264373238220e7363656e652d32323038646538343a0e7363656e652d3232303864653834420764656661756c744a1b080112095363686564756c6564220c08909b8dd80610e091d2f202520a7b22646179223a20327d5a0e7363656e652d3232303864653834ca010c08909b8dd80610e091d2f202d2010c08909b8dd80610e091d2f202ea010c08909b8dd80610e091d2f202f00101fa010276311001', '2026-11-22 20:16:16.777292+00');
INSERT INTO public.request VALUES ('8adfdfa9-eb83-4f4a-8ed0-7a8e55f7ce3d', 'CreateFlowRun', '\x8dc1bd53d1759e5c60a806efa5d27b72', '\x0aee010a2430316132303465362d666535642d373030302d383637362d623430643833626565313666120963616e63656c6c65641a2430316132303465362d656538392d373030312d396532332d613532373135386264373238220e7363656e652d32323038646538343a0e7363656e652d3232303864653834420764656661756c744a1b080112095363686564756c6564220c08909b8dd80610d8e8f0d703520a7b22646179223a20327d5a0e7363656e652d3232303864653834ca010c08909b8dd80610d8e8f0d703d2010c08909b8dd80610d8e8f0d703ea010c08909b8dd80610d8e8f0d703f00101fa010276311001', '2026-11-22 20:16:16.989607+00');
INSERT INTO public.request VALUES ('767783c2-5e09-4390-aee3-6bdd772fac47', 'CreateFlowRun', '\x06b5828acb7b2897f190c2b1ff35f7a4', '\x0ae8010a2430316132303465362d666631342d373030302d393063652d6139393630366561653364361207637261736865641a2430316132303465362d656538392d373030312d396532332d613532373135386264373238220e7363656e652d32323038646538343a0e7363656e652d3232303864653834420764656661756c744a1a080112095363686564756c6564220b08919b8dd80610c0c3ac52520a7b22646179223a20327d5a0e7363656e652d3232303864653834ca010b08919b8dd80610c0c3ac52d2010b08919b8dd80610c0c3ac52ea010b08919b8dd80610c0c3ac52f00101fa010276311001', '2026-11-22 20:16:17.172696+00');
INSERT INTO public.request VALUES ('40374b54-aa9e-4601-a8d1-22529b751340', 'CreateFlowRun', '\x15d88b29a52003e8b02dc91ca0e4368c', '\x0af5010a2430316132303465362d666663392d373030302d613261372d65333665653031346335613412087265747279696e671a2430316132303465362d656538392d373030312d396532332d613532373135386264373238220e7363656e652d32323038646538343a0e7363656e652d3232303864653834420764656661756c744a1b080112095363686564756c6564220c08919b8dd80610e8e1dba801520a7b22646179223a20327d5a0e7363656e652d32323038646538346a06080312020801ca010c08919b8dd80610e8e1dba801d2010c08919b8dd80610e8e1dba801ea010c08919b8dd80610e8e1dba801f00101fa010276311001', '2026-11-22 20:16:17.353825+00');
INSERT INTO public.request VALUES ('6265bef6-df5e-4f64-bc9b-75716ddcf0ad', 'CreateFlowRun', '\x6e4ecc7c4a44cc03a08a24b8bc3eba92', '\x0a81020a2430316132303465372d303037652d373030302d626134312d65376366633466303333306312067175657565641a2430316132303465362d656538392d373030312d396532332d613532373135386264373238220e7363656e652d32323038646538343a0e7363656e652d32323038646538344206757267656e744a1b080112095363686564756c6564220c08919b8dd80610f0e7defe01520a7b22646179223a20327d5a0e7363656e652d323230386465383462157363656e652d32323038646538342d717565756564ca010c08919b8dd80610f0e7defe01d2010c08919b8dd80610f0e7defe01ea010c08919b8dd80610f0e7defe01f00101fa010276311001', '2026-11-22 20:16:17.53423+00');
INSERT INTO public.request VALUES ('8c4bbd10-d9ed-4deb-b219-cf7fe2e492be', 'CreateFlowRun', '\xc0b775a830051b7f0edcc59d77bf1774', '\x0ae4010a2430316132303465372d303061392d373030302d383135362d66373866323963396366613912056c617465721a2430316132303465362d656538392d373030312d396532332d613532373135386264373238220e7363656e652d32323038646538343a0e7363656e652d3232303864653834420764656661756c744a1b080112095363686564756c6564220c08919b8dd80610d8b9b19302520a7b22646179223a20327d5a0e7363656e652d3232303864653834ca010c08919b8dd80610d8b9b19302d201060880b2f8841bea010c08919b8dd80610d8b9b19302f00101fa010276311001', '2026-11-22 20:16:17.577527+00');
INSERT INTO public.request VALUES ('82cd5433-31b1-40e6-8355-eccdd939c10c', 'StartFlowRun', '\x3768b29eb4da44bdd9858de55de03dbe', '\x0aa1020a2430316132303465372d303062322d373030302d383138312d61303537373733386637353310011a0308901c22f1010a2430316132303465372d303062322d373030302d383138312d613035373737333866373533120770726f636573731a2430316132303465362d656538392d373030312d396532332d613532373135386264373238220e7363656e652d32323038646538344a190803120752756e6e696e67220c08919b8dd80610a88cc5a10252027b7d5a0e7363656e652d32323038646538347801900101ca010c08919b8dd80610a88cc5a102d2010c08919b8dd80610a88cc5a102da010c08919b8dd80610a88cc5a102ea010c08919b8dd80610a88cc5a102f00101fa010276319202116c6170746f702f626f6f742f372f313030120808e80910a8ed894c', '2026-11-22 20:16:17.607209+00');
INSERT INTO public.request VALUES ('5ffcd38c-b866-49c9-8fa8-6b02fe04c094', 'StartFlowRun', '\xfc9759def3d9f56c14ba9ec87f033256', '\x0aa7020a2430316132303465372d303131302d373030302d616262652d31373931396561323066643310011a0308901c22f7010a2430316132303465372d303131302d373030302d616262652d313739313965613230666433120d70726f636573732d656e6465641a2430316132303465362d656538392d373030312d396532332d613532373135386264373238220e7363656e652d32323038646538344a190803120752756e6e696e67220c08919b8dd8061088d991d00252027b7d5a0e7363656e652d32323038646538347801900101ca010c08919b8dd8061088d991d002d2010c08919b8dd8061088d991d002da010c08919b8dd8061088d991d002ea010c08919b8dd8061088d991d002f00101fa010276319202116c6170746f702f626f6f742f372f313030120908900a10f0a4afa601', '2026-11-22 20:16:17.704933+00');
INSERT INTO public.schedule VALUES ('01a204e6-f183-7000-9daa-e4dd3f28619a', '01a204e6-ee89-7000-808e-2a691b6dac61', 's0', '{"kind":"cron","expression":"30 2 * * 1-5","time_zone":"Europe/Berlin","day_or":true}', true, '', 2, NULL, 1, 0, '2026-11-23 01:30:00+00', NULL, '2026-11-22 20:16:13.69919+00', '2026-11-22 20:16:13.69919+00', 1);
INSERT INTO public.schedule VALUES ('01a204e6-f257-7000-af68-6a4db62d6b73', '01a204e6-ee89-7000-808e-2a691b6dac61', 's1', '{"kind":"interval","interval_us":5400000000,"anchor":"2026-03-02T12:00:00+00:00","time_zone":"America/New_York"}', true, '', 2, NULL, 1, 0, '2026-11-22 21:00:00+00', NULL, '2026-11-22 20:16:13.911596+00', '2026-11-22 20:16:13.911596+00', 1);
INSERT INTO public.schedule VALUES ('01a204e6-f28b-7000-81e6-a06d512acb62', '01a204e6-ee89-7000-808e-2a691b6dac61', 's2', '{"kind":"rrule","rule":"FREQ=MONTHLY;BYDAY=-1FR;BYHOUR=18","time_zone":"UTC"}', true, '', 2, NULL, 1, 0, '2026-11-27 18:00:00+00', NULL, '2026-11-22 20:16:13.963736+00', '2026-11-22 20:16:13.963736+00', 1);
INSERT INTO public.schedule VALUES ('01a204e7-0166-7000-8754-40cd015ed84a', '01a204e6-ee89-7000-808e-2a691b6dac61', 'ticking', '{"kind":"interval","interval_us":60000000,"anchor":"1970-01-01T00:00:00+00:00","time_zone":"UTC"}', false, '', 2, NULL, 1, 0, '2026-11-22 20:17:00+00', NULL, '2026-11-22 20:16:17.766945+00', '2026-11-22 20:16:17.766945+00', 1);
INSERT INTO public.session VALUES ('01a204e6-f383-7000-b51f-3b30f951d7bc', '01a204e6-edcb-7000-a534-5f299d222ef9', 'anna', '[]', 50, '{"zone": "b"}', '[]', '', false, false, '2026-11-22 20:16:14.211988+00', '2026-11-22 20:16:14.211988+00');
INSERT INTO public.task_run VALUES ('01a204e6-fc59-7000-8284-7a17eda2e59d', '01a204e6-f94d-7000-b52f-312d841db275', 'extract', 'etl.extract', '0', 6, 'Completed', '', '2026-03-02 12:00:00+00', NULL, 1, '[]', '[]', '', NULL, NULL, NULL, NULL, NULL, '2026-03-02 12:00:00+00', '2026-03-02 12:00:00+00', NULL, 2);
INSERT INTO public.task_run VALUES ('01a204e6-fc59-7000-92c3-52e78865e550', '01a204e6-f94d-7000-b52f-312d841db275', 'load', 'etl.load', '0', 3, 'Running', '', '2026-03-02 12:00:00+00', NULL, 2, '["slow"]', '["01a204e6-fc59-7000-8284-7a17eda2e59d"]', '', NULL, NULL, NULL, NULL, NULL, '2026-03-02 12:00:00+00', '2026-03-02 12:00:00+00', NULL, 1);
INSERT INTO public.task_run VALUES ('01a204e6-ff86-7000-8b53-1c498caa90ed', '01a204e6-f73f-7000-85a8-5d2a13b711b3', 'extract', 'etl.extract', '0', 6, 'Completed', '', '2026-03-02 12:00:00+00', NULL, 1, '[]', '[]', '', NULL, NULL, NULL, NULL, NULL, '2026-03-02 12:00:00+00', '2026-03-02 12:00:00+00', NULL, 2);
INSERT INTO public.task_run VALUES ('01a204e6-ff86-7000-83af-06a0e35fca32', '01a204e6-f73f-7000-85a8-5d2a13b711b3', 'load', 'etl.load', '0', 3, 'Running', '', '2026-03-02 12:00:00+00', NULL, 2, '["slow"]', '["01a204e6-ff86-7000-8b53-1c498caa90ed"]', '', NULL, NULL, NULL, NULL, NULL, '2026-03-02 12:00:00+00', '2026-03-02 12:00:00+00', NULL, 1);
INSERT INTO public.task_run_state_default VALUES ('01a204e6-fc59-7000-8284-7a17eda2e59d', 1, '2026-03-02 12:00:00+00', 3, 'Running', '', NULL, 1);
INSERT INTO public.task_run_state_default VALUES ('01a204e6-fc59-7000-8284-7a17eda2e59d', 2, '2026-03-02 12:00:00+00', 6, 'Completed', '', NULL, 1);
INSERT INTO public.task_run_state_default VALUES ('01a204e6-fc59-7000-92c3-52e78865e550', 1, '2026-03-02 12:00:00+00', 3, 'Running', '', NULL, 1);
INSERT INTO public.task_run_state_default VALUES ('01a204e6-ff86-7000-8b53-1c498caa90ed', 1, '2026-03-02 12:00:00+00', 3, 'Running', '', NULL, 1);
INSERT INTO public.task_run_state_default VALUES ('01a204e6-ff86-7000-8b53-1c498caa90ed', 2, '2026-03-02 12:00:00+00', 6, 'Completed', '', NULL, 1);
INSERT INTO public.task_run_state_default VALUES ('01a204e6-ff86-7000-83af-06a0e35fca32', 1, '2026-03-02 12:00:00+00', 3, 'Running', '', NULL, 1);
INSERT INTO public.work_pool VALUES ('01a204e6-e90f-7000-84ed-8cda1740f7e7', 'default', 'process', '', false, NULL, 15000, '', '2026-11-22 20:16:11.535698+00', '2026-11-22 20:16:11.535698+00', 1);
INSERT INTO public.work_pool VALUES ('01a204e6-edcb-7000-a534-5f299d222ef9', 'scene-2208de84', 'process', 'a lab', false, NULL, 3600000, '', '2026-11-22 20:16:12.747953+00', '2026-11-22 20:16:12.747953+00', 1);
INSERT INTO public.work_queue VALUES ('01a204e6-e90f-7001-b6cb-a399b9a5a6b0', '01a204e6-e90f-7000-84ed-8cda1740f7e7', 'default', '', 100, false, NULL, '2026-11-22 20:16:11.535698+00', '2026-11-22 20:16:11.535698+00', 1);
INSERT INTO public.work_queue VALUES ('01a204e6-edcb-7001-bb84-e05beadc0466', '01a204e6-edcb-7000-a534-5f299d222ef9', 'default', '', 100, false, NULL, '2026-11-22 20:16:12.747953+00', '2026-11-22 20:16:12.747953+00', 1);
INSERT INTO public.work_queue VALUES ('01a204e6-ee10-7000-a362-faa658cc2beb', '01a204e6-edcb-7000-a534-5f299d222ef9', 'urgent', '', 7, false, NULL, '2026-11-22 20:16:12.816512+00', '2026-11-22 20:16:12.816512+00', 1);
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
