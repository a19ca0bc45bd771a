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
    create_time timestamp with time zone NOT NULL,
    parameters text,
    parameter_schema text
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
    superseded boolean,
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
INSERT INTO public.alembic_version VALUES ('0003');
INSERT INTO public.background_service VALUES ('lease_sweeper', '2026-11-22 20:16:45.199944+00');
INSERT INTO public.deployment VALUES ('01a204e7-61ce-7000-a9be-9d32a31e7e8c', '01a204e7-61ce-7001-9759-355feffd8d3c', 'nightly', '', '["a","\u00fc"]', false, '01a204e7-603d-7001-a2f0-d3516a5288a2', '{"day": 1}', '{"properties": {"day": {"type": "integer"}}}', NULL, 1, NULL, NULL, 2, '2026-11-22 20:16:42.446773+00', '2026-11-22 20:16:42.526991+00', 2);
INSERT INTO public.deployment_version VALUES ('01a204e7-61ce-7000-a9be-9d32a31e7e8c', 1, '{"entrypoint":"etl.py:etl","job_variables":"{\"env\": {\"A\": \"1\"}}"}', '2026-11-22 20:16:42.446773+00', '{"day": 1}', '{"properties": {"day": {"type": "integer"}}}');
INSERT INTO public.deployment_version VALUES ('01a204e7-61ce-7000-a9be-9d32a31e7e8c', 2, '{"entrypoint":"etl.py:second"}', '2026-11-22 20:16:42.526991+00', '{"day": 1}', '{"properties": {"day": {"type": "integer"}}}');
INSERT INTO public.flow VALUES ('01a204e7-61ce-7001-9759-355feffd8d3c', 'scene-6eb2d6dd', '2026-11-22 20:16:42.446773+00');
INSERT INTO public.flow_run VALUES ('01a204e7-63aa-7000-9b06-527428b3bfa2', 'pending', '01a204e7-61ce-7001-9759-355feffd8d3c', NULL, 0, '01a204e7-603d-7000-b367-a847790ba5e2', '01a204e7-603d-7001-a2f0-d3516a5288a2', 2, 'Pending', '', '2026-11-22 20:16:43.053327+00', NULL, 2, 1, 0, NULL, 0, 0, 0, NULL, NULL, '{"day": 2}', '', '["scene-6eb2d6dd"]', NULL, NULL, NULL, NULL, NULL, NULL, false, '', '', '2026-11-22 20:16:42.922794+00', '2026-11-22 20:16:42.922794+00', NULL, NULL, '2026-11-22 20:16:43.053327+00', NULL, NULL, NULL, NULL);
INSERT INTO public.flow_run VALUES ('01a204e7-6481-7000-afc2-b99136d30ad5', 'running', '01a204e7-61ce-7001-9759-355feffd8d3c', NULL, 0, '01a204e7-603d-7000-b367-a847790ba5e2', '01a204e7-603d-7001-a2f0-d3516a5288a2', 3, 'Running', '', '2026-11-22 20:16:43.213873+00', NULL, 3, 1, 1, NULL, 1, 0, 0, NULL, NULL, '{"day": 2}', '', '["scene-6eb2d6dd"]', NULL, NULL, NULL, NULL, NULL, NULL, false, '', '', '2026-11-22 20:16:43.137956+00', '2026-11-22 20:16:43.137956+00', '2026-11-22 20:16:43.213873+00', NULL, '2026-11-22 20:16:43.213873+00', NULL, NULL, NULL, NULL);
INSERT INTO public.flow_run VALUES ('01a204e7-64d7-7000-b9ed-61c740171647', 'paused', '01a204e7-61ce-7001-9759-355feffd8d3c', NULL, 0, '01a204e7-603d-7000-b367-a847790ba5e2', '01a204e7-603d-7001-a2f0-d3516a5288a2', 4, 'Paused', 'waits for Anna', '2026-11-22 20:16:43.246723+00', NULL, 4, 1, 2, NULL, 1, 0, 0, NULL, NULL, '{"day": 2}', '', '["scene-6eb2d6dd"]', NULL, NULL, NULL, NULL, NULL, NULL, false, '', '', '2026-11-22 20:16:43.223147+00', '2026-11-22 20:16:43.223147+00', '2026-11-22 20:16:43.242486+00', NULL, '2026-11-22 20:16:43.246723+00', NULL, NULL, NULL, NULL);
INSERT INTO public.flow_run VALUES ('01a204e7-650c-7000-9b73-714e3930f15d', 'completed', '01a204e7-61ce-7001-9759-355feffd8d3c', NULL, 0, '01a204e7-603d-7000-b367-a847790ba5e2', '01a204e7-603d-7001-a2f0-d3516a5288a2', 6, 'Completed', '42 rows', '2026-11-22 20:16:43.356705+00', NULL, 4, 1, 2, NULL, 1, 0, 0, NULL, NULL, '{"day": 2}', '', '["scene-6eb2d6dd"]', NULL, NULL, NULL, NULL, NULL, NULL, false, '', '', '2026-11-22 20:16:43.276354+00', '2026-11-22 20:16:43.276354+00', '2026-11-22 20:16:43.286439+00', '2026-11-22 20:16:43.356705+00', '2026-11-22 20:16:43.356705+00', NULL, NULL, NULL, NULL);
INSERT INTO public.flow_run VALUES ('01a204e7-6594-7000-9f7e-c0ac0542425f', 'failed', '01a204e7-61ce-7001-9759-355feffd8d3c', NULL, 0, '01a204e7-603d-7000-b367-a847790ba5e2', '01a204e7-603d-7001-a2f0-d3516a5288a2', 7, 'Failed', '', '2026-11-22 20:16:43.458183+00', '{"type":"ValueError","message":"no such st\u00e4dte: \u2603","stack_trace":"File \"etl.py\", line 3"}', 4, 1, 2, NULL, 1, 0, 0, NULL, NULL, '{"day": 2}', '', '["scene-6eb2d6dd"]', NULL, NULL, NULL, NULL, NULL, NULL, false, '', '', '2026-11-22 20:16:43.412024+00', '2026-11-22 20:16:43.412024+00', '2026-11-22 20:16:43.44011+00', '2026-11-22 20:16:43.458183+00', '2026-11-22 20:16:43.458183+00', NULL, NULL, NULL, NULL);
INSERT INTO public.flow_run VALUES ('01a204e7-65cd-7000-86fe-f768257dbb62', 'cancelled', '01a204e7-61ce-7001-9759-355feffd8d3c', NULL, 0, '01a204e7-603d-7000-b367-a847790ba5e2', '01a204e7-603d-7001-a2f0-d3516a5288a2', 8, 'Cancelled', '', '2026-11-22 20:16:43.504174+00', NULL, 4, 1, 2, NULL, 1, 0, 0, NULL, NULL, '{"day": 2}', '', '["scene-6eb2d6dd"]', NULL, NULL, NULL, NULL, NULL, NULL, false, '', '', '2026-11-22 20:16:43.469747+00', '2026-11-22 20:16:43.469747+00', '2026-11-22 20:16:43.494898+00', '2026-11-22 20:16:43.504174+00', '2026-11-22 20:16:43.504174+00', NULL, NULL, NULL, NULL);
INSERT INTO public.flow_run VALUES ('01a204e7-6600-7000-b929-b7e3b7b38ace', 'crashed', '01a204e7-61ce-7001-9759-355feffd8d3c', NULL, 0, '01a204e7-603d-7000-b367-a847790ba5e2', '01a204e7-603d-7001-a2f0-d3516a5288a2', 9, 'Crashed', 'killed by signal 9', '2026-11-22 20:16:43.564962+00', NULL, 4, 1, 2, NULL, 1, 0, 0, NULL, NULL, '{"day": 2}', '', '["scene-6eb2d6dd"]', NULL, NULL, NULL, NULL, NULL, NULL, false, '', '', '2026-11-22 20:16:43.520519+00', '2026-11-22 20:16:43.520519+00', '2026-11-22 20:16:43.551808+00', '2026-11-22 20:16:43.564962+00', '2026-11-22 20:16:43.564962+00', NULL, NULL, NULL, NULL);
INSERT INTO public.flow_run VALUES ('01a204e7-66e9-7000-bab8-ca320d7ec946', 'retrying', '01a204e7-61ce-7001-9759-355feffd8d3c', NULL, 0, '01a204e7-603d-7000-b367-a847790ba5e2', '01a204e7-603d-7001-a2f0-d3516a5288a2', 1, 'AwaitingRetry', '', '2026-11-22 20:16:43.871196+00', '{"type":"ValueError","message":"no such st\u00e4dte: \u2603","stack_trace":"File \"etl.py\", line 3"}', 4, 1, 2, NULL, 1, 1, 0, '{"max_retries":3,"delays_us":[1000000],"jitter_factor":0.0}', NULL, '{"day": 2}', '', '["scene-6eb2d6dd"]', NULL, NULL, NULL, NULL, NULL, NULL, false, '', '', '2026-11-22 20:16:43.753389+00', '2026-11-22 20:16:44.871196+00', '2026-11-22 20:16:43.828937+00', NULL, '2026-11-22 20:16:43.871196+00', NULL, NULL, NULL, NULL);
INSERT INTO public.flow_run VALUES ('01a204e7-64f4-7000-9198-7fc92c9f7620', 'cancelling', '01a204e7-61ce-7001-9759-355feffd8d3c', NULL, 0, '01a204e7-603d-7000-b367-a847790ba5e2', '01a204e7-603d-7001-a2f0-d3516a5288a2', 5, 'Cancelling', 'enough', '2026-11-22 20:16:43.89248+00', NULL, 4, 1, 1, NULL, 1, 0, 0, NULL, NULL, '{"day": 2}', '', '["scene-6eb2d6dd"]', NULL, NULL, NULL, NULL, NULL, NULL, false, '', '', '2026-11-22 20:16:43.252614+00', '2026-11-22 20:16:43.252614+00', '2026-11-22 20:16:43.268629+00', NULL, '2026-11-22 20:16:43.89248+00', NULL, NULL, NULL, NULL);
INSERT INTO public.flow_run VALUES ('01a204e7-67ca-7000-87b3-cdd48e5129a1', 'queued', '01a204e7-61ce-7001-9759-355feffd8d3c', NULL, 0, '01a204e7-603d-7000-b367-a847790ba5e2', '01a204e7-606d-7000-898d-07d955d3c609', 1, 'Scheduled', '', '2026-11-22 20:16:43.97833+00', NULL, 1, 0, 0, NULL, 0, 0, 0, NULL, NULL, '{"day": 2}', '', '["scene-6eb2d6dd"]', '01a204e7-61ce-7001-9759-355feffd8d3c', 'scene-6eb2d6dd-queued', NULL, NULL, NULL, NULL, false, '', '', '2026-11-22 20:16:43.97833+00', '2026-11-22 20:16:43.97833+00', NULL, NULL, '2026-11-22 20:16:43.97833+00', NULL, NULL, NULL, NULL);
INSERT INTO public.flow_run VALUES ('01a204e7-67e5-7000-a643-a178e06ca74d', 'later', '01a204e7-61ce-7001-9759-355feffd8d3c', NULL, 0, '01a204e7-603d-7000-b367-a847790ba5e2', '01a204e7-603d-7001-a2f0-d3516a5288a2', 1, 'Scheduled', '', '2026-11-22 20:16:44.005078+00', NULL, 1, 0, 0, NULL, 0, 0, 0, NULL, NULL, '{"day": 2}', '', '["scene-6eb2d6dd"]', NULL, NULL, NULL, NULL, NULL, NULL, false, '', '', '2026-11-22 20:16:44.005078+00', '2200-01-01 00:00:00+00', NULL, NULL, '2026-11-22 20:16:44.005078+00', NULL, NULL, NULL, NULL);
INSERT INTO public.flow_run VALUES ('01a204e7-67e9-7000-9f3b-0b4204abc187', 'process', '01a204e7-61ce-7001-9759-355feffd8d3c', NULL, 0, NULL, NULL, 3, 'Running', '', '2026-11-22 20:16:44.120379+00', NULL, 1, 1, 0, NULL, 1, 0, 0, NULL, NULL, '{}', '', '["scene-6eb2d6dd"]', NULL, NULL, NULL, NULL, NULL, NULL, false, '', '', '2026-11-22 20:16:44.120379+00', '2026-11-22 20:16:44.120379+00', '2026-11-22 20:16:44.120379+00', NULL, '2026-11-22 20:16:44.120379+00', NULL, '63db65b6-919c-4968-bbcb-570ecd13f64c', 'laptop/boot/7/100', 3600000);
INSERT INTO public.flow_run VALUES ('01a204e7-6885-7000-b84f-65b7dbe7d629', 'process-ended', '01a204e7-61ce-7001-9759-355feffd8d3c', NULL, 0, NULL, NULL, 6, 'Completed', '', '2026-11-22 20:16:44.19214+00', NULL, 2, 1, 1, NULL, 1, 0, 0, NULL, NULL, '{}', '', '["scene-6eb2d6dd"]', NULL, NULL, NULL, NULL, NULL, NULL, false, '', '', '2026-11-22 20:16:44.177869+00', '2026-11-22 20:16:44.177869+00', '2026-11-22 20:16:44.177869+00', '2026-11-22 20:16:44.19214+00', '2026-11-22 20:16:44.19214+00', NULL, '63db65b6-919c-4968-bbcb-570ecd13f64c', 'laptop/boot/7/100', 3600000);
INSERT INTO public.flow_run_result VALUES ('01a204e7-650c-7000-9b73-714e3930f15d', '\x3432', '', 'application/json', 2);
INSERT INTO public.flow_run_result VALUES ('01a204e7-6885-7000-b84f-65b7dbe7d629', '\x3432', '', 'application/json', 2);
INSERT INTO public.flow_run_state_p20261122 VALUES ('01a204e7-63aa-7000-9b06-527428b3bfa2', 1, '2026-11-22 20:16:42.922794+00', 1, 'Scheduled', '', NULL, 0);
INSERT INTO public.flow_run_state_p20261122 VALUES ('01a204e7-63aa-7000-9b06-527428b3bfa2', 2, '2026-11-22 20:16:43.053327+00', 2, 'Pending', '', NULL, 1);
INSERT INTO public.flow_run_state_p20261122 VALUES ('01a204e7-6481-7000-afc2-b99136d30ad5', 1, '2026-11-22 20:16:43.137956+00', 1, 'Scheduled', '', NULL, 0);
INSERT INTO public.flow_run_state_p20261122 VALUES ('01a204e7-6481-7000-afc2-b99136d30ad5', 2, '2026-11-22 20:16:43.173761+00', 2, 'Pending', '', NULL, 1);
INSERT INTO public.flow_run_state_p20261122 VALUES ('01a204e7-6481-7000-afc2-b99136d30ad5', 3, '2026-11-22 20:16:43.213873+00', 3, 'Running', '', NULL, 1);
INSERT INTO public.flow_run_state_p20261122 VALUES ('01a204e7-64d7-7000-b9ed-61c740171647', 1, '2026-11-22 20:16:43.223147+00', 1, 'Scheduled', '', NULL, 0);
INSERT INTO public.flow_run_state_p20261122 VALUES ('01a204e7-64d7-7000-b9ed-61c740171647', 2, '2026-11-22 20:16:43.232513+00', 2, 'Pending', '', NULL, 1);
INSERT INTO public.flow_run_state_p20261122 VALUES ('01a204e7-64d7-7000-b9ed-61c740171647', 3, '2026-11-22 20:16:43.242486+00', 3, 'Running', '', NULL, 1);
INSERT INTO public.flow_run_state_p20261122 VALUES ('01a204e7-64d7-7000-b9ed-61c740171647', 4, '2026-11-22 20:16:43.246723+00', 4, 'Paused', 'waits for Anna', NULL, 1);
INSERT INTO public.flow_run_state_p20261122 VALUES ('01a204e7-64f4-7000-9198-7fc92c9f7620', 1, '2026-11-22 20:16:43.252614+00', 1, 'Scheduled', '', NULL, 0);
INSERT INTO public.flow_run_state_p20261122 VALUES ('01a204e7-64f4-7000-9198-7fc92c9f7620', 2, '2026-11-22 20:16:43.263141+00', 2, 'Pending', '', NULL, 1);
INSERT INTO public.flow_run_state_p20261122 VALUES ('01a204e7-64f4-7000-9198-7fc92c9f7620', 3, '2026-11-22 20:16:43.268629+00', 3, 'Running', '', NULL, 1);
INSERT INTO public.flow_run_state_p20261122 VALUES ('01a204e7-650c-7000-9b73-714e3930f15d', 1, '2026-11-22 20:16:43.276354+00', 1, 'Scheduled', '', NULL, 0);
INSERT INTO public.flow_run_state_p20261122 VALUES ('01a204e7-650c-7000-9b73-714e3930f15d', 2, '2026-11-22 20:16:43.281413+00', 2, 'Pending', '', NULL, 1);
INSERT INTO public.flow_run_state_p20261122 VALUES ('01a204e7-650c-7000-9b73-714e3930f15d', 3, '2026-11-22 20:16:43.286439+00', 3, 'Running', '', NULL, 1);
INSERT INTO public.flow_run_state_p20261122 VALUES ('01a204e7-650c-7000-9b73-714e3930f15d', 4, '2026-11-22 20:16:43.356705+00', 6, 'Completed', '42 rows', NULL, 1);
INSERT INTO public.flow_run_state_p20261122 VALUES ('01a204e7-6594-7000-9f7e-c0ac0542425f', 1, '2026-11-22 20:16:43.412024+00', 1, 'Scheduled', '', NULL, 0);
INSERT INTO public.flow_run_state_p20261122 VALUES ('01a204e7-6594-7000-9f7e-c0ac0542425f', 2, '2026-11-22 20:16:43.428563+00', 2, 'Pending', '', NULL, 1);
INSERT INTO public.flow_run_state_p20261122 VALUES ('01a204e7-6594-7000-9f7e-c0ac0542425f', 3, '2026-11-22 20:16:43.44011+00', 3, 'Running', '', NULL, 1);
INSERT INTO public.flow_run_state_p20261122 VALUES ('01a204e7-6594-7000-9f7e-c0ac0542425f', 4, '2026-11-22 20:16:43.458183+00', 7, 'Failed', '', '{"type":"ValueError","message":"no such st\u00e4dte: \u2603","stack_trace":"File \"etl.py\", line 3"}', 1);
INSERT INTO public.flow_run_state_p20261122 VALUES ('01a204e7-65cd-7000-86fe-f768257dbb62', 1, '2026-11-22 20:16:43.469747+00', 1, 'Scheduled', '', NULL, 0);
INSERT INTO public.flow_run_state_p20261122 VALUES ('01a204e7-65cd-7000-86fe-f768257dbb62', 2, '2026-11-22 20:16:43.480662+00', 2, 'Pending', '', NULL, 1);
INSERT INTO public.flow_run_state_p20261122 VALUES ('01a204e7-65cd-7000-86fe-f768257dbb62', 3, '2026-11-22 20:16:43.494898+00', 3, 'Running', '', NULL, 1);
INSERT INTO public.flow_run_state_p20261122 VALUES ('01a204e7-65cd-7000-86fe-f768257dbb62', 4, '2026-11-22 20:16:43.504174+00', 8, 'Cancelled', '', NULL, 1);
INSERT INTO public.flow_run_state_p20261122 VALUES ('01a204e7-6600-7000-b929-b7e3b7b38ace', 1, '2026-11-22 20:16:43.520519+00', 1, 'Scheduled', '', NULL, 0);
INSERT INTO public.flow_run_state_p20261122 VALUES ('01a204e7-6600-7000-b929-b7e3b7b38ace', 2, '2026-11-22 20:16:43.534854+00', 2, 'Pending', '', NULL, 1);
INSERT INTO public.flow_run_state_p20261122 VALUES ('01a204e7-6600-7000-b929-b7e3b7b38ace', 3, '2026-11-22 20:16:43.551808+00', 3, 'Running', '', NULL, 1);
INSERT INTO public.flow_run_state_p20261122 VALUES ('01a204e7-6600-7000-b929-b7e3b7b38ace', 4, '2026-11-22 20:16:43.564962+00', 9, 'Crashed', 'killed by signal 9', NULL, 1);
INSERT INTO public.flow_run_state_p20261122 VALUES ('01a204e7-66e9-7000-bab8-ca320d7ec946', 1, '2026-11-22 20:16:43.753389+00', 1, 'Scheduled', '', NULL, 0);
INSERT INTO public.flow_run_state_p20261122 VALUES ('01a204e7-66e9-7000-bab8-ca320d7ec946', 2, '2026-11-22 20:16:43.812328+00', 2, 'Pending', '', NULL, 1);
INSERT INTO public.flow_run_state_p20261122 VALUES ('01a204e7-66e9-7000-bab8-ca320d7ec946', 3, '2026-11-22 20:16:43.828937+00', 3, 'Running', '', NULL, 1);
INSERT INTO public.flow_run_state_p20261122 VALUES ('01a204e7-66e9-7000-bab8-ca320d7ec946', 4, '2026-11-22 20:16:43.871196+00', 1, 'AwaitingRetry', '', '{"type":"ValueError","message":"no such st\u00e4dte: \u2603","stack_trace":"File \"etl.py\", line 3"}', 1);
INSERT INTO public.flow_run_state_p20261122 VALUES ('01a204e7-64f4-7000-9198-7fc92c9f7620', 4, '2026-11-22 20:16:43.89248+00', 5, 'Cancelling', 'enough', NULL, 1);
INSERT INTO public.flow_run_state_p20261122 VALUES ('01a204e7-67ca-7000-87b3-cdd48e5129a1', 1, '2026-11-22 20:16:43.97833+00', 1, 'Scheduled', '', NULL, 0);
INSERT INTO public.flow_run_state_p20261122 VALUES ('01a204e7-67e5-7000-a643-a178e06ca74d', 1, '2026-11-22 20:16:44.005078+00', 1, 'Scheduled', '', NULL, 0);
INSERT INTO public.flow_run_state_p20261122 VALUES ('01a204e7-67e9-7000-9f3b-0b4204abc187', 1, '2026-11-22 20:16:44.120379+00', 3, 'Running', '', NULL, 1);
INSERT INTO public.flow_run_state_p20261122 VALUES ('01a204e7-6885-7000-b84f-65b7dbe7d629', 1, '2026-11-22 20:16:44.177869+00', 3, 'Running', '', NULL, 1);
INSERT INTO public.flow_run_state_p20261122 VALUES ('01a204e7-6885-7000-b84f-65b7dbe7d629', 2, '2026-11-22 20:16:44.19214+00', 6, 'Completed', '', NULL, 1);
INSERT INTO public.flow_run_tag VALUES ('scene-6eb2d6dd', '01a204e7-63aa-7000-9b06-527428b3bfa2');
INSERT INTO public.flow_run_tag VALUES ('scene-6eb2d6dd', '01a204e7-6481-7000-afc2-b99136d30ad5');
INSERT INTO public.flow_run_tag VALUES ('scene-6eb2d6dd', '01a204e7-64d7-7000-b9ed-61c740171647');
INSERT INTO public.flow_run_tag VALUES ('scene-6eb2d6dd', '01a204e7-64f4-7000-9198-7fc92c9f7620');
INSERT INTO public.flow_run_tag VALUES ('scene-6eb2d6dd', '01a204e7-650c-7000-9b73-714e3930f15d');
INSERT INTO public.flow_run_tag VALUES ('scene-6eb2d6dd', '01a204e7-6594-7000-9f7e-c0ac0542425f');
INSERT INTO public.flow_run_tag VALUES ('scene-6eb2d6dd', '01a204e7-65cd-7000-86fe-f768257dbb62');
INSERT INTO public.flow_run_tag VALUES ('scene-6eb2d6dd', '01a204e7-6600-7000-b929-b7e3b7b38ace');
INSERT INTO public.flow_run_tag VALUES ('scene-6eb2d6dd', '01a204e7-66e9-7000-bab8-ca320d7ec946');
INSERT INTO public.flow_run_tag VALUES ('scene-6eb2d6dd', '01a204e7-67ca-7000-87b3-cdd48e5129a1');
INSERT INTO public.flow_run_tag VALUES ('scene-6eb2d6dd', '01a204e7-67e5-7000-a643-a178e06ca74d');
INSERT INTO public.flow_run_tag VALUES ('scene-6eb2d6dd', '01a204e7-67e9-7000-9f3b-0b4204abc187');
INSERT INTO public.flow_run_tag VALUES ('scene-6eb2d6dd', '01a204e7-6885-7000-b84f-65b7dbe7d629');
INSERT INTO public.lease VALUES ('01a204e7-63aa-7000-9b06-527428b3bfa2', 1, '01a204e7-6371-7000-b253-1673c6d6b677', 'db4c2818-4af6-4e72-954b-e259d7ccb088', '01a204e7-603d-7000-b367-a847790ba5e2', '01a204e7-603d-7001-a2f0-d3516a5288a2', NULL, 1, NULL, 3600000, '2026-11-22 20:16:43.053327+00', '2026-11-22 21:16:43.053327+00');
INSERT INTO public.lease VALUES ('01a204e7-6481-7000-afc2-b99136d30ad5', 1, '01a204e7-6371-7000-b253-1673c6d6b677', 'cc44812d-1cbf-42fc-97ae-9d8dd04a946b', '01a204e7-603d-7000-b367-a847790ba5e2', '01a204e7-603d-7001-a2f0-d3516a5288a2', NULL, 1, NULL, 3600000, '2026-11-22 20:16:43.173761+00', '2026-11-22 21:16:43.173761+00');
INSERT INTO public.lease VALUES ('01a204e7-64d7-7000-b9ed-61c740171647', 1, '01a204e7-6371-7000-b253-1673c6d6b677', 'e0c4b374-f5e5-4bac-a2c4-5be3f88cf82f', '01a204e7-603d-7000-b367-a847790ba5e2', '01a204e7-603d-7001-a2f0-d3516a5288a2', NULL, 1, NULL, 3600000, '2026-11-22 20:16:43.232513+00', '2026-11-22 21:16:43.232513+00');
INSERT INTO public.lease VALUES ('01a204e7-64f4-7000-9198-7fc92c9f7620', 1, '01a204e7-6371-7000-b253-1673c6d6b677', 'de1b3683-f66f-4dd5-a394-9dcf5cf796e4', '01a204e7-603d-7000-b367-a847790ba5e2', '01a204e7-603d-7001-a2f0-d3516a5288a2', NULL, 1, NULL, 3600000, '2026-11-22 20:16:43.263141+00', '2026-11-22 21:16:43.263141+00');
INSERT INTO public.lease VALUES ('01a204e7-67e9-7000-9f3b-0b4204abc187', 1, NULL, NULL, NULL, NULL, NULL, 2, '63db65b6-919c-4968-bbcb-570ecd13f64c', 3600000, '2026-11-22 20:16:44.120379+00', '2026-11-22 21:16:44.120379+00');
INSERT INTO public.log_chunk_p20261122 VALUES ('01a204e7-650c-7000-9b73-714e3930f15d', 'stdout', 0, '2026-11-22 20:16:43.307707+00', 2, 20, '\x2a160a0608c0f795cd0610141a0365746c220566697273742a200a0608c0f795cd0610141a0365746c220f7a776569746520e29883206c696e65');
INSERT INTO public.log_chunk_p20261122 VALUES ('01a204e7-650c-7000-9b73-714e3930f15d', 'stdout', 2, '2026-11-22 20:16:43.323856+00', 1, 20, '\x2a160a0608c0f795cd0610141a0365746c22057468697264');
INSERT INTO public.log_chunk_p20261122 VALUES ('01a204e7-6481-7000-afc2-b99136d30ad5', 'stdout', 0, '2026-11-22 20:16:43.718808+00', 2, 20, '\x2a160a0608c0f795cd0610141a0365746c220566697273742a200a0608c0f795cd0610141a0365746c220f7a776569746520e29883206c696e65');
INSERT INTO public.log_chunk_p20261122 VALUES ('01a204e7-6481-7000-afc2-b99136d30ad5', 'stdout', 2, '2026-11-22 20:16:43.73907+00', 1, 20, '\x2a160a0608c0f795cd0610141a0365746c22057468697264');
INSERT INTO public.log_stream VALUES ('01a204e7-650c-7000-9b73-714e3930f15d', 'stdout', 3);
INSERT INTO public.log_stream VALUES ('01a204e7-6481-7000-afc2-b99136d30ad5', 'stdout', 3);
INSERT INTO public.request VALUES ('0d7e15d0-def3-43b2-8a34-83f3ea673c81', 'CreateFlowRun', '\x1857b3179b8392af41639e0f6a2297e3', '\x0aec010a2430316132303465372d363361612d373030302d396230362d353237343238623362666132120770656e64696e671a2430316132303465372d363163652d373030312d393735392d333535666566666438643363220e7363656e652d36656232643664643a0e7363656e652d3665623264366464420764656661756c744a1b080112095363686564756c6564220c08aa9b8dd8061090f082b803520a7b22646179223a20327d5a0e7363656e652d3665623264366464ca010c08aa9b8dd8061090f082b803d2010c08aa9b8dd8061090f082b803ea010c08aa9b8dd8061090f082b803f00101fa010276311001', '2026-11-22 20:16:42.922794+00');
INSERT INTO public.request VALUES ('55aa7ab7-89fe-4b3f-aa4c-076b98e62082', 'CreateFlowRun', '\xa4750a40d4624dc71b7e9b282589c281', '\x0ae8010a2430316132303465372d363438312d373030302d616663322d623939313336643330616435120772756e6e696e671a2430316132303465372d363163652d373030312d393735392d333535666566666438643363220e7363656e652d36656232643664643a0e7363656e652d3665623264366464420764656661756c744a1a080112095363686564756c6564220b08ab9b8dd80610a095e441520a7b22646179223a20327d5a0e7363656e652d3665623264366464ca010b08ab9b8dd80610a095e441d2010b08ab9b8dd80610a095e441ea010b08ab9b8dd80610a095e441f00101fa010276311001', '2026-11-22 20:16:43.137956+00');
INSERT INTO public.request VALUES ('f83399ef-b857-4abb-9a0e-6dd37622c9bb', 'CreateFlowRun', '\x489298aa83b3504b2f136c21c4cbb0ce', '\x0ae7010a2430316132303465372d363464372d373030302d623965642d36316337343031373136343712067061757365641a2430316132303465372d363163652d373030312d393735392d333535666566666438643363220e7363656e652d36656232643664643a0e7363656e652d3665623264366464420764656661756c744a1a080112095363686564756c6564220b08ab9b8dd80610f8e7b36a520a7b22646179223a20327d5a0e7363656e652d3665623264366464ca010b08ab9b8dd80610f8e7b36ad2010b08ab9b8dd80610f8e7b36aea010b08ab9b8dd80610f8e7b36af00101fa010276311001', '2026-11-22 20:16:43.223147+00');
INSERT INTO public.request VALUES ('02c7cbda-e55b-4e8c-b050-a96d211e4dd1', 'CreateFlowRun', '\x48ea326b185bd51f9c2f35731a838867', '\x0aeb010a2430316132303465372d363466342d373030302d393139382d376663393263396637363230120a63616e63656c6c696e671a2430316132303465372d363163652d373030312d393735392d333535666566666438643363220e7363656e652d36656232643664643a0e7363656e652d3665623264366464420764656661756c744a1a080112095363686564756c6564220b08ab9b8dd80610f0aaba78520a7b22646179223a20327d5a0e7363656e652d3665623264366464ca010b08ab9b8dd80610f0aaba78d2010b08ab9b8dd80610f0aaba78ea010b08ab9b8dd80610f0aaba78f00101fa010276311001', '2026-11-22 20:16:43.252614+00');
INSERT INTO public.request VALUES ('fd4311e4-53a0-47ed-9a5c-25b42504e187', 'CreateFlowRun', '\x1e881526e573e2bd96a8015cfa707279', '\x0aee010a2430316132303465372d363530632d373030302d396237332d3731346533393330663135641209636f6d706c657465641a2430316132303465372d363163652d373030312d393735392d333535666566666438643363220e7363656e652d36656232643664643a0e7363656e652d3665623264366464420764656661756c744a1b080112095363686564756c6564220c08ab9b8dd80610d0a7e38301520a7b22646179223a20327d5a0e7363656e652d3665623264366464ca010c08ab9b8dd80610d0a7e38301d2010c08ab9b8dd80610d0a7e38301ea010c08ab9b8dd80610d0a7e38301f00101fa010276311001', '2026-11-22 20:16:43.276354+00');
INSERT INTO public.request VALUES ('64a19642-fda3-4049-a88f-1d3626772503', 'CreateFlowRun', '\xd9a215c6cf3f0a53260b72b455cb012e', '\x0aeb010a2430316132303465372d363539342d373030302d396637652d63306163303534323432356612066661696c65641a2430316132303465372d363163652d373030312d393735392d333535666566666438643363220e7363656e652d36656232643664643a0e7363656e652d3665623264366464420764656661756c744a1b080112095363686564756c6564220c08ab9b8dd80610c0f9bbc401520a7b22646179223a20327d5a0e7363656e652d3665623264366464ca010c08ab9b8dd80610c0f9bbc401d2010c08ab9b8dd80610c0f9bbc401ea010c08ab9b8dd80610c0f9bbc401f00101fa010276311001', '2026-11-22 20:16:43.412024+00');
INSERT INTO public.request VALUES ('59bb8a57-ab6c-4966-9902-72b519f07b9b', 'CreateFlowRun', '\x13137ef6621e96adf0cd43805cfa3643', '\x0aee010a2430316132303465372d363563642d373030302d383666652d663736383235376462623632120963616e63656c6c65641a2430316132303465372d363163652d373030312d393735392d333535666566666438643363220e7363656e652d36656232643664643a0e7363656e652d3665623264366464420764656661756c744a1b080112095363686564756c6564220c08ab9b8dd80610b88affdf01520a7b22646179223a20327d5a0e7363656e652d3665623264366464ca010c08ab9b8dd80610b88affdf01d2010c08ab9b8dd80610b88affdf01ea010c08ab9b8dd80610b88affdf01f00101fa010276311001', '2026-11-22 20:16:43.469747+00');
INSERT INTO public.request VALUES ('843d1737-0be6-42bc-9dfb-57591ba5aa6b', 'CreateFlowRun', '\x3f4f4c69c88c7cd9ea02b4cc12b3c812', '\x0aec010a2430316132303465372d363630302d373030302d623932392d6237653362376233386163651207637261736865641a2430316132303465372d363163652d373030312d393735392d333535666566666438643363220e7363656e652d36656232643664643a0e7363656e652d3665623264366464420764656661756c744a1b080112095363686564756c6564220c08ab9b8dd80610d8fa99f801520a7b22646179223a20327d5a0e7363656e652d3665623264366464ca010c08ab9b8dd80610d8fa99f801d2010c08ab9b8dd80610d8fa99f801ea010c08ab9b8dd80610d8fa99f801f00101fa010276311001', '2026-11-22 20:16:43.520519+00');
INSERT INTO public.request VALUES ('76b590cc-1b70-4271-ae4a-6f41ddd1ae33', 'CreateFlowRun', '\x5f03dcd8b9dc3a087c28f7440058e84d', '\x0af5010a2430316132303465372d363665392d373030302d626162382d63613332306437656339343612087265747279696e671a2430316132303465372d363163652d373030312d393735392d333535666566666438643363220e7363656e652d36656232643664643a0e7363656e652d3665623264366464420764656661756c744a1b080112095363686564756c6564220c08ab9b8dd80610c89b9fe702520a7b22646179223a20327d5a0e7363656e652d36656232643664646a06080312020801ca010c08ab9b8dd80610c89b9fe702d2010c08ab9b8dd80610c89b9fe702ea010c08ab9b8dd80610c89b9fe702f00101fa010276311001', '2026-11-22 20:16:43.753389+00');
INSERT INTO public.request VALUES ('ae24dd16-2fee-46df-bcf0-f82b1207fb66', 'CreateFlowRun', '\x0f4718ff9f83a0ecc862edf4459bd14f', '\x0a81020a2430316132303465372d363763612d373030302d383762332d63646434386535313239613112067175657565641a2430316132303465372d363163652d373030312d393735392d333535666566666438643363220e7363656e652d36656232643664643a0e7363656e652d36656232643664644206757267656e744a1b080112095363686564756c6564220c08ab9b8dd8061090c3c0d203520a7b22646179223a20327d5a0e7363656e652d366562326436646462157363656e652d36656232643664642d717565756564ca010c08ab9b8dd8061090c3c0d203d2010c08ab9b8dd8061090c3c0d203ea010c08ab9b8dd8061090c3c0d203f00101fa010276311001', '2026-11-22 20:16:43.97833+00');
INSERT INTO public.request VALUES ('cea27aa8-6035-4428-b3b9-b5c4a6668e18', 'CreateFlowRun', '\xbe4c7f0cf2830e13d0010c53ce3e160d', '\x0ae1010a2430316132303465372d363765352d373030302d613634332d61313738653036636137346412056c617465721a2430316132303465372d363163652d373030312d393735392d333535666566666438643363220e7363656e652d36656232643664643a0e7363656e652d3665623264366464420764656661756c744a1a080112095363686564756c6564220b08ac9b8dd80610f0f7b502520a7b22646179223a20327d5a0e7363656e652d3665623264366464ca010b08ac9b8dd80610f0f7b502d201060880b2f8841bea010b08ac9b8dd80610f0f7b502f00101fa010276311001', '2026-11-22 20:16:44.005078+00');
INSERT INTO public.request VALUES ('822abe2f-40eb-4902-9b63-14d0b0fc37f7', 'StartFlowRun', '\xac6098a0499a0c81a9dff3ce442d33d8', '\x0a9c020a2430316132303465372d363765392d373030302d396633622d30623432303461626331383710011a0308901c22ec010a2430316132303465372d363765392d373030302d396633622d306234323034616263313837120770726f636573731a2430316132303465372d363163652d373030312d393735392d333535666566666438643363220e7363656e652d36656232643664644a180803120752756e6e696e67220b08ac9b8dd80610f8acb33952027b7d5a0e7363656e652d36656232643664647801900101ca010b08ac9b8dd80610f8acb339d2010b08ac9b8dd80610f8acb339da010b08ac9b8dd80610f8acb339ea010b08ac9b8dd80610f8acb339f00101fa010276319202116c6170746f702f626f6f742f372f313030120908960a10b0dfafdb02', '2026-11-22 20:16:44.120379+00');
INSERT INTO public.request VALUES ('a1b596e9-310a-4f70-888a-a3c8a5bac868', 'StartFlowRun', '\xb26b00978c1962b8a070149030499fdd', '\x0aa2020a2430316132303465372d363838352d373030302d623834662d36356237646265376436323910011a0308901c22f2010a2430316132303465372d363838352d373030302d623834662d363562376462653764363239120d70726f636573732d656e6465641a2430316132303465372d363163652d373030312d393735392d333535666566666438643363220e7363656e652d36656232643664644a180803120752756e6e696e67220b08ac9b8dd80610c8a1e85452027b7d5a0e7363656e652d36656232643664647801900101ca010b08ac9b8dd80610c8a1e854d2010b08ac9b8dd80610c8a1e854da010b08ac9b8dd80610c8a1e854ea010b08ac9b8dd80610c8a1e854f00101fa010276319202116c6170746f702f626f6f742f372f3130301209088e0910f096ae9403', '2026-11-22 20:16:44.177869+00');
INSERT INTO public.schedule VALUES ('01a204e7-62c0-7000-90ef-b951dad80ccb', '01a204e7-61ce-7000-a9be-9d32a31e7e8c', 's0', '{"kind":"cron","expression":"30 2 * * 1-5","time_zone":"Europe/Berlin","day_or":true}', true, '', 2, NULL, 1, 0, '2026-11-23 01:30:00+00', NULL, '2026-11-22 20:16:42.688859+00', '2026-11-22 20:16:42.688859+00', 1);
INSERT INTO public.schedule VALUES ('01a204e7-632d-7000-ba09-e46858483f2a', '01a204e7-61ce-7000-a9be-9d32a31e7e8c', 's1', '{"kind":"interval","interval_us":5400000000,"anchor":"2026-03-02T12:00:00+00:00","time_zone":"America/New_York"}', true, '', 2, NULL, 1, 0, '2026-11-22 21:00:00+00', NULL, '2026-11-22 20:16:42.797202+00', '2026-11-22 20:16:42.797202+00', 1);
INSERT INTO public.schedule VALUES ('01a204e7-6364-7000-b14a-2d7577b48715', '01a204e7-61ce-7000-a9be-9d32a31e7e8c', 's2', '{"kind":"rrule","rule":"FREQ=MONTHLY;BYDAY=-1FR;BYHOUR=18","time_zone":"UTC"}', true, '', 2, NULL, 1, 0, '2026-11-27 18:00:00+00', NULL, '2026-11-22 20:16:42.852443+00', '2026-11-22 20:16:42.852443+00', 1);
INSERT INTO public.schedule VALUES ('01a204e7-693b-7000-8a71-1e2edf6f9e3f', '01a204e7-61ce-7000-a9be-9d32a31e7e8c', 'ticking', '{"kind":"interval","interval_us":60000000,"anchor":"1970-01-01T00:00:00+00:00","time_zone":"UTC"}', false, '', 2, NULL, 1, 0, '2026-11-22 20:17:00+00', NULL, '2026-11-22 20:16:44.347812+00', '2026-11-22 20:16:44.347812+00', 1);
INSERT INTO public.session VALUES ('01a204e7-6371-7000-b253-1673c6d6b677', '01a204e7-603d-7000-b367-a847790ba5e2', 'anna', '[]', 50, '{"zone": "b"}', '[]', '', false, false, '2026-11-22 20:16:42.865352+00', '2026-11-22 20:16:42.865352+00');
INSERT INTO public.task_run VALUES ('01a204e7-653d-7000-a75d-ac494f9ee2d8', '01a204e7-650c-7000-9b73-714e3930f15d', 'extract', 'etl.extract', '0', 6, 'Completed', '', '2026-03-02 12:00:00+00', NULL, 1, '[]', '[]', '', NULL, NULL, NULL, NULL, NULL, '2026-03-02 12:00:00+00', '2026-03-02 12:00:00+00', NULL, 2, NULL);
INSERT INTO public.task_run VALUES ('01a204e7-653e-7000-8698-f0c51d180ed4', '01a204e7-650c-7000-9b73-714e3930f15d', 'load', 'etl.load', '0', 3, 'Running', '', '2026-03-02 12:00:00+00', NULL, 2, '["slow"]', '["01a204e7-653d-7000-a75d-ac494f9ee2d8"]', '', NULL, NULL, NULL, NULL, NULL, '2026-03-02 12:00:00+00', '2026-03-02 12:00:00+00', NULL, 1, NULL);
INSERT INTO public.task_run VALUES ('01a204e7-66df-7000-8ab0-d531580ff11f', '01a204e7-6481-7000-afc2-b99136d30ad5', 'extract', 'etl.extract', '0', 6, 'Completed', '', '2026-03-02 12:00:00+00', NULL, 1, '[]', '[]', '', NULL, NULL, NULL, NULL, NULL, '2026-03-02 12:00:00+00', '2026-03-02 12:00:00+00', NULL, 2, NULL);
INSERT INTO public.task_run VALUES ('01a204e7-66df-7000-ad08-b816db002825', '01a204e7-6481-7000-afc2-b99136d30ad5', 'load', 'etl.load', '0', 3, 'Running', '', '2026-03-02 12:00:00+00', NULL, 2, '["slow"]', '["01a204e7-66df-7000-8ab0-d531580ff11f"]', '', NULL, NULL, NULL, NULL, NULL, '2026-03-02 12:00:00+00', '2026-03-02 12:00:00+00', NULL, 1, NULL);
INSERT INTO public.task_run_state_default VALUES ('01a204e7-653d-7000-a75d-ac494f9ee2d8', 1, '2026-03-02 12:00:00+00', 3, 'Running', '', NULL, 1);
INSERT INTO public.task_run_state_default VALUES ('01a204e7-653d-7000-a75d-ac494f9ee2d8', 2, '2026-03-02 12:00:00+00', 6, 'Completed', '', NULL, 1);
INSERT INTO public.task_run_state_default VALUES ('01a204e7-653e-7000-8698-f0c51d180ed4', 1, '2026-03-02 12:00:00+00', 3, 'Running', '', NULL, 1);
INSERT INTO public.task_run_state_default VALUES ('01a204e7-66df-7000-8ab0-d531580ff11f', 1, '2026-03-02 12:00:00+00', 3, 'Running', '', NULL, 1);
INSERT INTO public.task_run_state_default VALUES ('01a204e7-66df-7000-8ab0-d531580ff11f', 2, '2026-03-02 12:00:00+00', 6, 'Completed', '', NULL, 1);
INSERT INTO public.task_run_state_default VALUES ('01a204e7-66df-7000-ad08-b816db002825', 1, '2026-03-02 12:00:00+00', 3, 'Running', '', NULL, 1);
INSERT INTO public.work_pool VALUES ('01a204e7-5d8a-7000-8b43-504db9702434', 'default', 'process', '', false, NULL, 15000, '', '2026-11-22 20:16:41.354688+00', '2026-11-22 20:16:41.354688+00', 1);
INSERT INTO public.work_pool VALUES ('01a204e7-603d-7000-b367-a847790ba5e2', 'scene-6eb2d6dd', 'process', 'a lab', false, NULL, 3600000, '', '2026-11-22 20:16:42.045176+00', '2026-11-22 20:16:42.045176+00', 1);
INSERT INTO public.work_queue VALUES ('01a204e7-5d8a-7001-abdd-1f339d1f3322', '01a204e7-5d8a-7000-8b43-504db9702434', 'default', '', 100, false, NULL, '2026-11-22 20:16:41.354688+00', '2026-11-22 20:16:41.354688+00', 1);
INSERT INTO public.work_queue VALUES ('01a204e7-603d-7001-a2f0-d3516a5288a2', '01a204e7-603d-7000-b367-a847790ba5e2', 'default', '', 100, false, NULL, '2026-11-22 20:16:42.045176+00', '2026-11-22 20:16:42.045176+00', 1);
INSERT INTO public.work_queue VALUES ('01a204e7-606d-7000-898d-07d955d3c609', '01a204e7-603d-7000-b367-a847790ba5e2', 'urgent', '', 7, false, NULL, '2026-11-22 20:16:42.093476+00', '2026-11-22 20:16:42.093476+00', 1);
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
