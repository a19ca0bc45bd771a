CREATE TABLE public.alembic_version (
    version_num character varying(32) NOT NULL
);
CREATE TABLE public.background_service (
    name text NOT NULL,
    last_run_time timestamp with time zone NOT NULL
);
CREATE TABLE public.control_plane (
    id uuid NOT NULL
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
    records bytea NOT NULL,
    min_second bigint,
    max_second bigint
)
PARTITION BY RANGE (create_time);
CREATE TABLE public.log_chunk_default (
    flow_run_id uuid CONSTRAINT log_chunk_flow_run_id_not_null NOT NULL,
    stream text CONSTRAINT log_chunk_stream_not_null NOT NULL,
    first_offset bigint CONSTRAINT log_chunk_first_offset_not_null NOT NULL,
    create_time timestamp with time zone CONSTRAINT log_chunk_create_time_not_null NOT NULL,
    record_count bigint CONSTRAINT log_chunk_record_count_not_null NOT NULL,
    max_level smallint CONSTRAINT log_chunk_max_level_not_null NOT NULL,
    records bytea CONSTRAINT log_chunk_records_not_null NOT NULL,
    min_second bigint,
    max_second bigint
);
CREATE TABLE public.log_chunk_p20261122 (
    flow_run_id uuid CONSTRAINT log_chunk_flow_run_id_not_null NOT NULL,
    stream text CONSTRAINT log_chunk_stream_not_null NOT NULL,
    first_offset bigint CONSTRAINT log_chunk_first_offset_not_null NOT NULL,
    create_time timestamp with time zone CONSTRAINT log_chunk_create_time_not_null NOT NULL,
    record_count bigint CONSTRAINT log_chunk_record_count_not_null NOT NULL,
    max_level smallint CONSTRAINT log_chunk_max_level_not_null NOT NULL,
    records bytea CONSTRAINT log_chunk_records_not_null NOT NULL,
    min_second bigint,
    max_second bigint
);
CREATE TABLE public.log_chunk_p20261123 (
    flow_run_id uuid CONSTRAINT log_chunk_flow_run_id_not_null NOT NULL,
    stream text CONSTRAINT log_chunk_stream_not_null NOT NULL,
    first_offset bigint CONSTRAINT log_chunk_first_offset_not_null NOT NULL,
    create_time timestamp with time zone CONSTRAINT log_chunk_create_time_not_null NOT NULL,
    record_count bigint CONSTRAINT log_chunk_record_count_not_null NOT NULL,
    max_level smallint CONSTRAINT log_chunk_max_level_not_null NOT NULL,
    records bytea CONSTRAINT log_chunk_records_not_null NOT NULL,
    min_second bigint,
    max_second bigint
);
CREATE TABLE public.log_chunk_p20261124 (
    flow_run_id uuid CONSTRAINT log_chunk_flow_run_id_not_null NOT NULL,
    stream text CONSTRAINT log_chunk_stream_not_null NOT NULL,
    first_offset bigint CONSTRAINT log_chunk_first_offset_not_null NOT NULL,
    create_time timestamp with time zone CONSTRAINT log_chunk_create_time_not_null NOT NULL,
    record_count bigint CONSTRAINT log_chunk_record_count_not_null NOT NULL,
    max_level smallint CONSTRAINT log_chunk_max_level_not_null NOT NULL,
    records bytea CONSTRAINT log_chunk_records_not_null NOT NULL,
    min_second bigint,
    max_second bigint
);
CREATE TABLE public.log_chunk_p20261125 (
    flow_run_id uuid CONSTRAINT log_chunk_flow_run_id_not_null NOT NULL,
    stream text CONSTRAINT log_chunk_stream_not_null NOT NULL,
    first_offset bigint CONSTRAINT log_chunk_first_offset_not_null NOT NULL,
    create_time timestamp with time zone CONSTRAINT log_chunk_create_time_not_null NOT NULL,
    record_count bigint CONSTRAINT log_chunk_record_count_not_null NOT NULL,
    max_level smallint CONSTRAINT log_chunk_max_level_not_null NOT NULL,
    records bytea CONSTRAINT log_chunk_records_not_null NOT NULL,
    min_second bigint,
    max_second bigint
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
    change bigint,
    CONSTRAINT ck_task_run_state_type CHECK (((state_type >= 1) AND (state_type <= 9)))
);
CREATE SEQUENCE public.task_run_change
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;
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
INSERT INTO public.alembic_version VALUES ('0005');
INSERT INTO public.background_service VALUES ('lease_sweeper', '2026-11-22 20:17:06.732897+00');
INSERT INTO public.control_plane VALUES ('b13f4b0b-ca55-41ba-b682-9b6449697ab4');
INSERT INTO public.deployment VALUES ('01a204e7-bd88-7000-8053-8b9c83e63107', '01a204e7-bd88-7001-9102-3a0694397b58', 'nightly', '', '["a","\u00fc"]', false, '01a204e7-bcfc-7001-9292-ad4506d386a4', '{"day": 1}', '{"properties": {"day": {"type": "integer"}}}', NULL, 1, NULL, NULL, 2, '2026-11-22 20:17:05.928639+00', '2026-11-22 20:17:05.948025+00', 2);
INSERT INTO public.deployment_version VALUES ('01a204e7-bd88-7000-8053-8b9c83e63107', 1, '{"entrypoint":"etl.py:etl","job_variables":"{\"env\": {\"A\": \"1\"}}"}', '2026-11-22 20:17:05.928639+00', '{"day": 1}', '{"properties": {"day": {"type": "integer"}}}');
INSERT INTO public.deployment_version VALUES ('01a204e7-bd88-7000-8053-8b9c83e63107', 2, '{"entrypoint":"etl.py:second"}', '2026-11-22 20:17:05.948025+00', '{"day": 1}', '{"properties": {"day": {"type": "integer"}}}');
INSERT INTO public.flow VALUES ('01a204e7-bd88-7001-9102-3a0694397b58', 'scene-5bc6c3b7', '2026-11-22 20:17:05.928639+00');
INSERT INTO public.flow_run VALUES ('01a204e7-be45-7000-879c-a57828541b2e', 'pending', '01a204e7-bd88-7001-9102-3a0694397b58', NULL, 0, '01a204e7-bcfc-7000-8555-1282fc52e153', '01a204e7-bcfc-7001-9292-ad4506d386a4', 2, 'Pending', '', '2026-11-22 20:17:06.175081+00', NULL, 2, 1, 0, NULL, 0, 0, 0, NULL, NULL, '{"day": 2}', '', '["scene-5bc6c3b7"]', NULL, NULL, NULL, NULL, NULL, NULL, false, '', '', '2026-11-22 20:17:06.11735+00', '2026-11-22 20:17:06.11735+00', NULL, NULL, '2026-11-22 20:17:06.175081+00', NULL, NULL, NULL, NULL);
INSERT INTO public.flow_run VALUES ('01a204e7-beab-7000-bac2-9b01455028bc', 'running', '01a204e7-bd88-7001-9102-3a0694397b58', NULL, 0, '01a204e7-bcfc-7000-8555-1282fc52e153', '01a204e7-bcfc-7001-9292-ad4506d386a4', 3, 'Running', '', '2026-11-22 20:17:06.230883+00', NULL, 3, 1, 1, NULL, 1, 0, 0, NULL, NULL, '{"day": 2}', '', '["scene-5bc6c3b7"]', NULL, NULL, NULL, NULL, NULL, NULL, false, '', '', '2026-11-22 20:17:06.219103+00', '2026-11-22 20:17:06.219103+00', '2026-11-22 20:17:06.230883+00', NULL, '2026-11-22 20:17:06.230883+00', NULL, NULL, NULL, NULL);
INSERT INTO public.flow_run VALUES ('01a204e7-bebc-7000-b565-565ea6075cd3', 'paused', '01a204e7-bd88-7001-9102-3a0694397b58', NULL, 0, '01a204e7-bcfc-7000-8555-1282fc52e153', '01a204e7-bcfc-7001-9292-ad4506d386a4', 4, 'Paused', 'waits for Anna', '2026-11-22 20:17:06.250558+00', NULL, 4, 1, 2, NULL, 1, 0, 0, NULL, NULL, '{"day": 2}', '', '["scene-5bc6c3b7"]', NULL, NULL, NULL, NULL, NULL, NULL, false, '', '', '2026-11-22 20:17:06.236573+00', '2026-11-22 20:17:06.236573+00', '2026-11-22 20:17:06.247938+00', NULL, '2026-11-22 20:17:06.250558+00', NULL, NULL, NULL, NULL);
INSERT INTO public.flow_run VALUES ('01a204e7-bed5-7000-9c03-b74a1512dc18', 'completed', '01a204e7-bd88-7001-9102-3a0694397b58', NULL, 0, '01a204e7-bcfc-7000-8555-1282fc52e153', '01a204e7-bcfc-7001-9292-ad4506d386a4', 6, 'Completed', '42 rows', '2026-11-22 20:17:06.300238+00', NULL, 4, 1, 2, NULL, 1, 0, 0, NULL, NULL, '{"day": 2}', '', '["scene-5bc6c3b7"]', NULL, NULL, NULL, NULL, NULL, NULL, false, '', '', '2026-11-22 20:17:06.26126+00', '2026-11-22 20:17:06.26126+00', '2026-11-22 20:17:06.268131+00', '2026-11-22 20:17:06.300238+00', '2026-11-22 20:17:06.300238+00', NULL, NULL, NULL, NULL);
INSERT INTO public.flow_run VALUES ('01a204e7-bf04-7000-8e37-d6402bb6ec0a', 'failed', '01a204e7-bd88-7001-9102-3a0694397b58', NULL, 0, '01a204e7-bcfc-7000-8555-1282fc52e153', '01a204e7-bcfc-7001-9292-ad4506d386a4', 7, 'Failed', '', '2026-11-22 20:17:06.316513+00', '{"type":"ValueError","message":"no such st\u00e4dte: \u2603","stack_trace":"File \"etl.py\", line 3"}', 4, 1, 2, NULL, 1, 0, 0, NULL, NULL, '{"day": 2}', '', '["scene-5bc6c3b7"]', NULL, NULL, NULL, NULL, NULL, NULL, false, '', '', '2026-11-22 20:17:06.308334+00', '2026-11-22 20:17:06.308334+00', '2026-11-22 20:17:06.314405+00', '2026-11-22 20:17:06.316513+00', '2026-11-22 20:17:06.316513+00', NULL, NULL, NULL, NULL);
INSERT INTO public.flow_run VALUES ('01a204e7-bf0e-7000-898b-bbacb2eb70c9', 'cancelled', '01a204e7-bd88-7001-9102-3a0694397b58', NULL, 0, '01a204e7-bcfc-7000-8555-1282fc52e153', '01a204e7-bcfc-7001-9292-ad4506d386a4', 8, 'Cancelled', '', '2026-11-22 20:17:06.328988+00', NULL, 4, 1, 2, NULL, 1, 0, 0, NULL, NULL, '{"day": 2}', '', '["scene-5bc6c3b7"]', NULL, NULL, NULL, NULL, NULL, NULL, false, '', '', '2026-11-22 20:17:06.318714+00', '2026-11-22 20:17:06.318714+00', '2026-11-22 20:17:06.32655+00', '2026-11-22 20:17:06.328988+00', '2026-11-22 20:17:06.328988+00', NULL, NULL, NULL, NULL);
INSERT INTO public.flow_run VALUES ('01a204e7-bf1b-7000-a55f-c0a3ecc6c75c', 'crashed', '01a204e7-bd88-7001-9102-3a0694397b58', NULL, 0, '01a204e7-bcfc-7000-8555-1282fc52e153', '01a204e7-bcfc-7001-9292-ad4506d386a4', 9, 'Crashed', 'killed by signal 9', '2026-11-22 20:17:06.342221+00', NULL, 4, 1, 2, NULL, 1, 0, 0, NULL, NULL, '{"day": 2}', '', '["scene-5bc6c3b7"]', NULL, NULL, NULL, NULL, NULL, NULL, false, '', '', '2026-11-22 20:17:06.331768+00', '2026-11-22 20:17:06.331768+00', '2026-11-22 20:17:06.33942+00', '2026-11-22 20:17:06.342221+00', '2026-11-22 20:17:06.342221+00', NULL, NULL, NULL, NULL);
INSERT INTO public.flow_run VALUES ('01a204e7-bf32-7000-961b-0675f6b6ce4f', 'retrying', '01a204e7-bd88-7001-9102-3a0694397b58', NULL, 0, '01a204e7-bcfc-7000-8555-1282fc52e153', '01a204e7-bcfc-7001-9292-ad4506d386a4', 1, 'AwaitingRetry', '', '2026-11-22 20:17:06.362294+00', '{"type":"ValueError","message":"no such st\u00e4dte: \u2603","stack_trace":"File \"etl.py\", line 3"}', 4, 1, 2, NULL, 1, 1, 0, '{"max_retries":3,"delays_us":[1000000],"jitter_factor":0.0}', NULL, '{"day": 2}', '', '["scene-5bc6c3b7"]', NULL, NULL, NULL, NULL, NULL, NULL, false, '', '', '2026-11-22 20:17:06.354553+00', '2026-11-22 20:17:07.362294+00', '2026-11-22 20:17:06.360213+00', NULL, '2026-11-22 20:17:06.362294+00', NULL, NULL, NULL, NULL);
INSERT INTO public.flow_run VALUES ('01a204e7-becd-7000-a1b0-6c1ffc65c80c', 'cancelling', '01a204e7-bd88-7001-9102-3a0694397b58', NULL, 0, '01a204e7-bcfc-7000-8555-1282fc52e153', '01a204e7-bcfc-7001-9292-ad4506d386a4', 5, 'Cancelling', 'enough', '2026-11-22 20:17:06.365202+00', NULL, 4, 1, 1, NULL, 1, 0, 0, NULL, NULL, '{"day": 2}', '', '["scene-5bc6c3b7"]', NULL, NULL, NULL, NULL, NULL, NULL, false, '', '', '2026-11-22 20:17:06.253083+00', '2026-11-22 20:17:06.253083+00', '2026-11-22 20:17:06.258911+00', NULL, '2026-11-22 20:17:06.365202+00', NULL, NULL, NULL, NULL);
INSERT INTO public.flow_run VALUES ('01a204e7-bf43-7000-a103-4ce552a9f371', 'queued', '01a204e7-bd88-7001-9102-3a0694397b58', NULL, 0, '01a204e7-bcfc-7000-8555-1282fc52e153', '01a204e7-bd12-7000-922a-8be0d246e8a4', 1, 'Scheduled', '', '2026-11-22 20:17:06.371346+00', NULL, 1, 0, 0, NULL, 0, 0, 0, NULL, NULL, '{"day": 2}', '', '["scene-5bc6c3b7"]', '01a204e7-bd88-7001-9102-3a0694397b58', 'scene-5bc6c3b7-queued', NULL, NULL, NULL, NULL, false, '', '', '2026-11-22 20:17:06.371346+00', '2026-11-22 20:17:06.371346+00', NULL, NULL, '2026-11-22 20:17:06.371346+00', NULL, NULL, NULL, NULL);
INSERT INTO public.flow_run VALUES ('01a204e7-bf48-7000-bc24-fbafa9f2a67b', 'later', '01a204e7-bd88-7001-9102-3a0694397b58', NULL, 0, '01a204e7-bcfc-7000-8555-1282fc52e153', '01a204e7-bcfc-7001-9292-ad4506d386a4', 1, 'Scheduled', '', '2026-11-22 20:17:06.376436+00', NULL, 1, 0, 0, NULL, 0, 0, 0, NULL, NULL, '{"day": 2}', '', '["scene-5bc6c3b7"]', NULL, NULL, NULL, NULL, NULL, NULL, false, '', '', '2026-11-22 20:17:06.376436+00', '2200-01-01 00:00:00+00', NULL, NULL, '2026-11-22 20:17:06.376436+00', NULL, NULL, NULL, NULL);
INSERT INTO public.flow_run VALUES ('01a204e7-bf49-7000-8dff-2f732b992f12', 'process', '01a204e7-bd88-7001-9102-3a0694397b58', NULL, 0, NULL, NULL, 3, 'Running', '', '2026-11-22 20:17:06.379846+00', NULL, 1, 1, 0, NULL, 1, 0, 0, NULL, NULL, '{}', '', '["scene-5bc6c3b7"]', NULL, NULL, NULL, NULL, NULL, NULL, false, '', '', '2026-11-22 20:17:06.379846+00', '2026-11-22 20:17:06.379846+00', '2026-11-22 20:17:06.379846+00', NULL, '2026-11-22 20:17:06.379846+00', NULL, '4b254c7b-546d-43eb-a939-8311619b8e06', 'laptop/boot/7/100', 3600000);
INSERT INTO public.flow_run VALUES ('01a204e7-bf54-7000-9d40-2be70e64d4e0', 'process-ended', '01a204e7-bd88-7001-9102-3a0694397b58', NULL, 0, NULL, NULL, 6, 'Completed', '', '2026-11-22 20:17:06.395585+00', NULL, 2, 1, 1, NULL, 1, 0, 0, NULL, NULL, '{}', '', '["scene-5bc6c3b7"]', NULL, NULL, NULL, NULL, NULL, NULL, false, '', '', '2026-11-22 20:17:06.389968+00', '2026-11-22 20:17:06.389968+00', '2026-11-22 20:17:06.389968+00', '2026-11-22 20:17:06.395585+00', '2026-11-22 20:17:06.395585+00', NULL, '4b254c7b-546d-43eb-a939-8311619b8e06', 'laptop/boot/7/100', 3600000);
INSERT INTO public.flow_run_result VALUES ('01a204e7-bed5-7000-9c03-b74a1512dc18', '\x3432', '', 'application/json', 2);
INSERT INTO public.flow_run_result VALUES ('01a204e7-bf54-7000-9d40-2be70e64d4e0', '\x3432', '', 'application/json', 2);
INSERT INTO public.flow_run_state_p20261122 VALUES ('01a204e7-be45-7000-879c-a57828541b2e', 1, '2026-11-22 20:17:06.11735+00', 1, 'Scheduled', '', NULL, 0);
INSERT INTO public.flow_run_state_p20261122 VALUES ('01a204e7-be45-7000-879c-a57828541b2e', 2, '2026-11-22 20:17:06.175081+00', 2, 'Pending', '', NULL, 1);
INSERT INTO public.flow_run_state_p20261122 VALUES ('01a204e7-beab-7000-bac2-9b01455028bc', 1, '2026-11-22 20:17:06.219103+00', 1, 'Scheduled', '', NULL, 0);
INSERT INTO public.flow_run_state_p20261122 VALUES ('01a204e7-beab-7000-bac2-9b01455028bc', 2, '2026-11-22 20:17:06.225735+00', 2, 'Pending', '', NULL, 1);
INSERT INTO public.flow_run_state_p20261122 VALUES ('01a204e7-beab-7000-bac2-9b01455028bc', 3, '2026-11-22 20:17:06.230883+00', 3, 'Running', '', NULL, 1);
INSERT INTO public.flow_run_state_p20261122 VALUES ('01a204e7-bebc-7000-b565-565ea6075cd3', 1, '2026-11-22 20:17:06.236573+00', 1, 'Scheduled', '', NULL, 0);
INSERT INTO public.flow_run_state_p20261122 VALUES ('01a204e7-bebc-7000-b565-565ea6075cd3', 2, '2026-11-22 20:17:06.24164+00', 2, 'Pending', '', NULL, 1);
INSERT INTO public.flow_run_state_p20261122 VALUES ('01a204e7-bebc-7000-b565-565ea6075cd3', 3, '2026-11-22 20:17:06.247938+00', 3, 'Running', '', NULL, 1);
INSERT INTO public.flow_run_state_p20261122 VALUES ('01a204e7-bebc-7000-b565-565ea6075cd3', 4, '2026-11-22 20:17:06.250558+00', 4, 'Paused', 'waits for Anna', NULL, 1);
INSERT INTO public.flow_run_state_p20261122 VALUES ('01a204e7-becd-7000-a1b0-6c1ffc65c80c', 1, '2026-11-22 20:17:06.253083+00', 1, 'Scheduled', '', NULL, 0);
INSERT INTO public.flow_run_state_p20261122 VALUES ('01a204e7-becd-7000-a1b0-6c1ffc65c80c', 2, '2026-11-22 20:17:06.255784+00', 2, 'Pending', '', NULL, 1);
INSERT INTO public.flow_run_state_p20261122 VALUES ('01a204e7-becd-7000-a1b0-6c1ffc65c80c', 3, '2026-11-22 20:17:06.258911+00', 3, 'Running', '', NULL, 1);
INSERT INTO public.flow_run_state_p20261122 VALUES ('01a204e7-bed5-7000-9c03-b74a1512dc18', 1, '2026-11-22 20:17:06.26126+00', 1, 'Scheduled', '', NULL, 0);
INSERT INTO public.flow_run_state_p20261122 VALUES ('01a204e7-bed5-7000-9c03-b74a1512dc18', 2, '2026-11-22 20:17:06.264156+00', 2, 'Pending', '', NULL, 1);
INSERT INTO public.flow_run_state_p20261122 VALUES ('01a204e7-bed5-7000-9c03-b74a1512dc18', 3, '2026-11-22 20:17:06.268131+00', 3, 'Running', '', NULL, 1);
INSERT INTO public.flow_run_state_p20261122 VALUES ('01a204e7-bed5-7000-9c03-b74a1512dc18', 4, '2026-11-22 20:17:06.300238+00', 6, 'Completed', '42 rows', NULL, 1);
INSERT INTO public.flow_run_state_p20261122 VALUES ('01a204e7-bf04-7000-8e37-d6402bb6ec0a', 1, '2026-11-22 20:17:06.308334+00', 1, 'Scheduled', '', NULL, 0);
INSERT INTO public.flow_run_state_p20261122 VALUES ('01a204e7-bf04-7000-8e37-d6402bb6ec0a', 2, '2026-11-22 20:17:06.311236+00', 2, 'Pending', '', NULL, 1);
INSERT INTO public.flow_run_state_p20261122 VALUES ('01a204e7-bf04-7000-8e37-d6402bb6ec0a', 3, '2026-11-22 20:17:06.314405+00', 3, 'Running', '', NULL, 1);
INSERT INTO public.flow_run_state_p20261122 VALUES ('01a204e7-bf04-7000-8e37-d6402bb6ec0a', 4, '2026-11-22 20:17:06.316513+00', 7, 'Failed', '', '{"type":"ValueError","message":"no such st\u00e4dte: \u2603","stack_trace":"File \"etl.py\", line 3"}', 1);
INSERT INTO public.flow_run_state_p20261122 VALUES ('01a204e7-bf0e-7000-898b-bbacb2eb70c9', 1, '2026-11-22 20:17:06.318714+00', 1, 'Scheduled', '', NULL, 0);
INSERT INTO public.flow_run_state_p20261122 VALUES ('01a204e7-bf0e-7000-898b-bbacb2eb70c9', 2, '2026-11-22 20:17:06.322087+00', 2, 'Pending', '', NULL, 1);
INSERT INTO public.flow_run_state_p20261122 VALUES ('01a204e7-bf0e-7000-898b-bbacb2eb70c9', 3, '2026-11-22 20:17:06.32655+00', 3, 'Running', '', NULL, 1);
INSERT INTO public.flow_run_state_p20261122 VALUES ('01a204e7-bf0e-7000-898b-bbacb2eb70c9', 4, '2026-11-22 20:17:06.328988+00', 8, 'Cancelled', '', NULL, 1);
INSERT INTO public.flow_run_state_p20261122 VALUES ('01a204e7-bf1b-7000-a55f-c0a3ecc6c75c', 1, '2026-11-22 20:17:06.331768+00', 1, 'Scheduled', '', NULL, 0);
INSERT INTO public.flow_run_state_p20261122 VALUES ('01a204e7-bf1b-7000-a55f-c0a3ecc6c75c', 2, '2026-11-22 20:17:06.334776+00', 2, 'Pending', '', NULL, 1);
INSERT INTO public.flow_run_state_p20261122 VALUES ('01a204e7-bf1b-7000-a55f-c0a3ecc6c75c', 3, '2026-11-22 20:17:06.33942+00', 3, 'Running', '', NULL, 1);
INSERT INTO public.flow_run_state_p20261122 VALUES ('01a204e7-bf1b-7000-a55f-c0a3ecc6c75c', 4, '2026-11-22 20:17:06.342221+00', 9, 'Crashed', 'killed by signal 9', NULL, 1);
INSERT INTO public.flow_run_state_p20261122 VALUES ('01a204e7-bf32-7000-961b-0675f6b6ce4f', 1, '2026-11-22 20:17:06.354553+00', 1, 'Scheduled', '', NULL, 0);
INSERT INTO public.flow_run_state_p20261122 VALUES ('01a204e7-bf32-7000-961b-0675f6b6ce4f', 2, '2026-11-22 20:17:06.357076+00', 2, 'Pending', '', NULL, 1);
INSERT INTO public.flow_run_state_p20261122 VALUES ('01a204e7-bf32-7000-961b-0675f6b6ce4f', 3, '2026-11-22 20:17:06.360213+00', 3, 'Running', '', NULL, 1);
INSERT INTO public.flow_run_state_p20261122 VALUES ('01a204e7-bf32-7000-961b-0675f6b6ce4f', 4, '2026-11-22 20:17:06.362294+00', 1, 'AwaitingRetry', '', '{"type":"ValueError","message":"no such st\u00e4dte: \u2603","stack_trace":"File \"etl.py\", line 3"}', 1);
INSERT INTO public.flow_run_state_p20261122 VALUES ('01a204e7-becd-7000-a1b0-6c1ffc65c80c', 4, '2026-11-22 20:17:06.365202+00', 5, 'Cancelling', 'enough', NULL, 1);
INSERT INTO public.flow_run_state_p20261122 VALUES ('01a204e7-bf43-7000-a103-4ce552a9f371', 1, '2026-11-22 20:17:06.371346+00', 1, 'Scheduled', '', NULL, 0);
INSERT INTO public.flow_run_state_p20261122 VALUES ('01a204e7-bf48-7000-bc24-fbafa9f2a67b', 1, '2026-11-22 20:17:06.376436+00', 1, 'Scheduled', '', NULL, 0);
INSERT INTO public.flow_run_state_p20261122 VALUES ('01a204e7-bf49-7000-8dff-2f732b992f12', 1, '2026-11-22 20:17:06.379846+00', 3, 'Running', '', NULL, 1);
INSERT INTO public.flow_run_state_p20261122 VALUES ('01a204e7-bf54-7000-9d40-2be70e64d4e0', 1, '2026-11-22 20:17:06.389968+00', 3, 'Running', '', NULL, 1);
INSERT INTO public.flow_run_state_p20261122 VALUES ('01a204e7-bf54-7000-9d40-2be70e64d4e0', 2, '2026-11-22 20:17:06.395585+00', 6, 'Completed', '', NULL, 1);
INSERT INTO public.flow_run_tag VALUES ('scene-5bc6c3b7', '01a204e7-be45-7000-879c-a57828541b2e');
INSERT INTO public.flow_run_tag VALUES ('scene-5bc6c3b7', '01a204e7-beab-7000-bac2-9b01455028bc');
INSERT INTO public.flow_run_tag VALUES ('scene-5bc6c3b7', '01a204e7-bebc-7000-b565-565ea6075cd3');
INSERT INTO public.flow_run_tag VALUES ('scene-5bc6c3b7', '01a204e7-becd-7000-a1b0-6c1ffc65c80c');
INSERT INTO public.flow_run_tag VALUES ('scene-5bc6c3b7', '01a204e7-bed5-7000-9c03-b74a1512dc18');
INSERT INTO public.flow_run_tag VALUES ('scene-5bc6c3b7', '01a204e7-bf04-7000-8e37-d6402bb6ec0a');
INSERT INTO public.flow_run_tag VALUES ('scene-5bc6c3b7', '01a204e7-bf0e-7000-898b-bbacb2eb70c9');
INSERT INTO public.flow_run_tag VALUES ('scene-5bc6c3b7', '01a204e7-bf1b-7000-a55f-c0a3ecc6c75c');
INSERT INTO public.flow_run_tag VALUES ('scene-5bc6c3b7', '01a204e7-bf32-7000-961b-0675f6b6ce4f');
INSERT INTO public.flow_run_tag VALUES ('scene-5bc6c3b7', '01a204e7-bf43-7000-a103-4ce552a9f371');
INSERT INTO public.flow_run_tag VALUES ('scene-5bc6c3b7', '01a204e7-bf48-7000-bc24-fbafa9f2a67b');
INSERT INTO public.flow_run_tag VALUES ('scene-5bc6c3b7', '01a204e7-bf49-7000-8dff-2f732b992f12');
INSERT INTO public.flow_run_tag VALUES ('scene-5bc6c3b7', '01a204e7-bf54-7000-9d40-2be70e64d4e0');
INSERT INTO public.lease VALUES ('01a204e7-be45-7000-879c-a57828541b2e', 1, '01a204e7-be1d-7000-a349-f10d96abeaa2', '4d2322a4-87bd-4666-b8f6-c6124b29e4ed', '01a204e7-bcfc-7000-8555-1282fc52e153', '01a204e7-bcfc-7001-9292-ad4506d386a4', NULL, 1, NULL, 3600000, '2026-11-22 20:17:06.175081+00', '2026-11-22 21:17:06.175081+00');
INSERT INTO public.lease VALUES ('01a204e7-beab-7000-bac2-9b01455028bc', 1, '01a204e7-be1d-7000-a349-f10d96abeaa2', '9a14d035-c0ee-4c37-bee3-d4ead6970c5f', '01a204e7-bcfc-7000-8555-1282fc52e153', '01a204e7-bcfc-7001-9292-ad4506d386a4', NULL, 1, NULL, 3600000, '2026-11-22 20:17:06.225735+00', '2026-11-22 21:17:06.225735+00');
INSERT INTO public.lease VALUES ('01a204e7-bebc-7000-b565-565ea6075cd3', 1, '01a204e7-be1d-7000-a349-f10d96abeaa2', '1c1c3526-6356-433c-ab3f-768a6437c60f', '01a204e7-bcfc-7000-8555-1282fc52e153', '01a204e7-bcfc-7001-9292-ad4506d386a4', NULL, 1, NULL, 3600000, '2026-11-22 20:17:06.24164+00', '2026-11-22 21:17:06.24164+00');
INSERT INTO public.lease VALUES ('01a204e7-becd-7000-a1b0-6c1ffc65c80c', 1, '01a204e7-be1d-7000-a349-f10d96abeaa2', '24780b13-0242-4efb-8319-749d18cf7881', '01a204e7-bcfc-7000-8555-1282fc52e153', '01a204e7-bcfc-7001-9292-ad4506d386a4', NULL, 1, NULL, 3600000, '2026-11-22 20:17:06.255784+00', '2026-11-22 21:17:06.255784+00');
INSERT INTO public.lease VALUES ('01a204e7-bf49-7000-8dff-2f732b992f12', 1, NULL, NULL, NULL, NULL, NULL, 2, '4b254c7b-546d-43eb-a939-8311619b8e06', 3600000, '2026-11-22 20:17:06.379846+00', '2026-11-22 21:17:06.379846+00');
INSERT INTO public.log_chunk_p20261122 VALUES ('01a204e7-bed5-7000-9c03-b74a1512dc18', 'stdout', 0, '2026-11-22 20:17:06.277394+00', 2, 20, '\x2a160a0608c0f795cd0610141a0365746c220566697273742a200a0608c0f795cd0610141a0365746c220f7a776569746520e29883206c696e65', 1772452800, 1772452800);
INSERT INTO public.log_chunk_p20261122 VALUES ('01a204e7-bed5-7000-9c03-b74a1512dc18', 'stdout', 2, '2026-11-22 20:17:06.283907+00', 1, 20, '\x2a160a0608c0f795cd0610141a0365746c22057468697264', 1772452800, 1772452800);
INSERT INTO public.log_chunk_p20261122 VALUES ('01a204e7-beab-7000-bac2-9b01455028bc', 'stdout', 0, '2026-11-22 20:17:06.345989+00', 2, 20, '\x2a160a0608c0f795cd0610141a0365746c220566697273742a200a0608c0f795cd0610141a0365746c220f7a776569746520e29883206c696e65', 1772452800, 1772452800);
INSERT INTO public.log_chunk_p20261122 VALUES ('01a204e7-beab-7000-bac2-9b01455028bc', 'stdout', 2, '2026-11-22 20:17:06.34912+00', 1, 20, '\x2a160a0608c0f795cd0610141a0365746c22057468697264', 1772452800, 1772452800);
INSERT INTO public.log_stream VALUES ('01a204e7-bed5-7000-9c03-b74a1512dc18', 'stdout', 3);
INSERT INTO public.log_stream VALUES ('01a204e7-beab-7000-bac2-9b01455028bc', 'stdout', 3);
INSERT INTO public.request VALUES ('a2ba405b-cb99-4d2c-ba9b-65cc4d0b87c4', 'CreateFlowRun', '\xa58c5b323aede2c0f1e70e713ea14ea3', '\x0ae8010a2430316132303465372d626534352d373030302d383739632d613537383238353431623265120770656e64696e671a2430316132303465372d626438382d373030312d393130322d336130363934333937623538220e7363656e652d35626336633362373a0e7363656e652d3562633663336237420764656661756c744a1a080112095363686564756c6564220b08c29b8dd80610f0bcfa37520a7b22646179223a20327d5a0e7363656e652d3562633663336237ca010b08c29b8dd80610f0bcfa37d2010b08c29b8dd80610f0bcfa37ea010b08c29b8dd80610f0bcfa37f00101fa010276311001', '2026-11-22 20:17:06.11735+00');
INSERT INTO public.request VALUES ('34725f3a-3a86-4d7f-93b1-5d0052a20ed1', 'CreateFlowRun', '\x05ac08d4d9955ef52a990e5fb969914d', '\x0ae8010a2430316132303465372d626561622d373030302d626163322d396230313435353032386263120772756e6e696e671a2430316132303465372d626438382d373030312d393130322d336130363934333937623538220e7363656e652d35626336633362373a0e7363656e652d3562633663336237420764656661756c744a1a080112095363686564756c6564220b08c29b8dd8061098febc68520a7b22646179223a20327d5a0e7363656e652d3562633663336237ca010b08c29b8dd8061098febc68d2010b08c29b8dd8061098febc68ea010b08c29b8dd8061098febc68f00101fa010276311001', '2026-11-22 20:17:06.219103+00');
INSERT INTO public.request VALUES ('7406e36d-08b9-4463-8eab-df1825120a35', 'CreateFlowRun', '\x04f98d44156b4a137faa1b18b0d34910', '\x0ae7010a2430316132303465372d626562632d373030302d623536352d35363565613630373563643312067061757365641a2430316132303465372d626438382d373030312d393130322d336130363934333937623538220e7363656e652d35626336633362373a0e7363656e652d3562633663336237420764656661756c744a1a080112095363686564756c6564220b08c29b8dd80610c8a2e770520a7b22646179223a20327d5a0e7363656e652d3562633663336237ca010b08c29b8dd80610c8a2e770d2010b08c29b8dd80610c8a2e770ea010b08c29b8dd80610c8a2e770f00101fa010276311001', '2026-11-22 20:17:06.236573+00');
INSERT INTO public.request VALUES ('53ae377e-0d86-4a8c-a6a9-c1bfdff9494f', 'CreateFlowRun', '\x5988c04e22901e71859ed6e8a7755e02', '\x0aeb010a2430316132303465372d626563642d373030302d613162302d366331666663363563383063120a63616e63656c6c696e671a2430316132303465372d626438382d373030312d393130322d336130363934333937623538220e7363656e652d35626336633362373a0e7363656e652d3562633663336237420764656661756c744a1a080112095363686564756c6564220b08c29b8dd80610f8fad678520a7b22646179223a20327d5a0e7363656e652d3562633663336237ca010b08c29b8dd80610f8fad678d2010b08c29b8dd80610f8fad678ea010b08c29b8dd80610f8fad678f00101fa010276311001', '2026-11-22 20:17:06.253083+00');
INSERT INTO public.request VALUES ('cff3adfc-331f-4e8f-850a-32082304a27b', 'CreateFlowRun', '\xc49ace92a5d633211bbd05f38ad998b8', '\x0aea010a2430316132303465372d626564352d373030302d396330332d6237346131353132646331381209636f6d706c657465641a2430316132303465372d626438382d373030312d393130322d336130363934333937623538220e7363656e652d35626336633362373a0e7363656e652d3562633663336237420764656661756c744a1a080112095363686564756c6564220b08c29b8dd80610e085ca7c520a7b22646179223a20327d5a0e7363656e652d3562633663336237ca010b08c29b8dd80610e085ca7cd2010b08c29b8dd80610e085ca7cea010b08c29b8dd80610e085ca7cf00101fa010276311001', '2026-11-22 20:17:06.26126+00');
INSERT INTO public.request VALUES ('388016c3-d616-4e13-add1-2371d67f79c8', 'CreateFlowRun', '\x3733bb9bbd688eba7fcdb17d661ce989', '\x0aeb010a2430316132303465372d626630342d373030302d386533372d64363430326262366563306112066661696c65641a2430316132303465372d626438382d373030312d393130322d336130363934333937623538220e7363656e652d35626336633362373a0e7363656e652d3562633663336237420764656661756c744a1b080112095363686564756c6564220c08c29b8dd80610b09b839301520a7b22646179223a20327d5a0e7363656e652d3562633663336237ca010c08c29b8dd80610b09b839301d2010c08c29b8dd80610b09b839301ea010c08c29b8dd80610b09b839301f00101fa010276311001', '2026-11-22 20:17:06.308334+00');
INSERT INTO public.request VALUES ('e0b99433-ebec-46da-af6b-cbb328af856e', 'CreateFlowRun', '\x6cded88b4e250d7477a31ffbc52b6a8a', '\x0aee010a2430316132303465372d626630652d373030302d383938622d626261636232656237306339120963616e63656c6c65641a2430316132303465372d626438382d373030312d393130322d336130363934333937623538220e7363656e652d35626336633362373a0e7363656e652d3562633663336237420764656661756c744a1b080112095363686564756c6564220c08c29b8dd8061090e1fc9701520a7b22646179223a20327d5a0e7363656e652d3562633663336237ca010c08c29b8dd8061090e1fc9701d2010c08c29b8dd8061090e1fc9701ea010c08c29b8dd8061090e1fc9701f00101fa010276311001', '2026-11-22 20:17:06.318714+00');
INSERT INTO public.request VALUES ('61382bca-87cf-4764-9414-cc11215f0eb9', 'CreateFlowRun', '\x0b2851936cc8e5871b9f5f189a80a048', '\x0aec010a2430316132303465372d626631622d373030302d613535662d6330613365636336633735631207637261736865641a2430316132303465372d626438382d373030312d393130322d336130363934333937623538220e7363656e652d35626336633362373a0e7363656e652d3562633663336237420764656661756c744a1b080112095363686564756c6564220c08c29b8dd80610c0c1999e01520a7b22646179223a20327d5a0e7363656e652d3562633663336237ca010c08c29b8dd80610c0c1999e01d2010c08c29b8dd80610c0c1999e01ea010c08c29b8dd80610c0c1999e01f00101fa010276311001', '2026-11-22 20:17:06.331768+00');
INSERT INTO public.request VALUES ('d508ca17-4cdb-4a65-a348-a31be414ed7e', 'CreateFlowRun', '\x0b30ca9a3d6523ae5221a6b25dc58c2f', '\x0af5010a2430316132303465372d626633322d373030302d393631622d30363735663662366365346612087265747279696e671a2430316132303465372d626438382d373030312d393130322d336130363934333937623538220e7363656e652d35626336633362373a0e7363656e652d3562633663336237420764656661756c744a1b080112095363686564756c6564220c08c29b8dd80610a89988a901520a7b22646179223a20327d5a0e7363656e652d35626336633362376a06080312020801ca010c08c29b8dd80610a89988a901d2010c08c29b8dd80610a89988a901ea010c08c29b8dd80610a89988a901f00101fa010276311001', '2026-11-22 20:17:06.354553+00');
INSERT INTO public.request VALUES ('70312611-3cfc-4682-8350-a703afd8a4f7', 'CreateFlowRun', '\x016e0cf428242c3cfb8da1bf1a414f67', '\x0a81020a2430316132303465372d626634332d373030302d613130332d34636535353261396633373112067175657565641a2430316132303465372d626438382d373030312d393130322d336130363934333937623538220e7363656e652d35626336633362373a0e7363656e652d35626336633362374206757267656e744a1b080112095363686564756c6564220c08c29b8dd80610d09489b101520a7b22646179223a20327d5a0e7363656e652d356263366333623762157363656e652d35626336633362372d717565756564ca010c08c29b8dd80610d09489b101d2010c08c29b8dd80610d09489b101ea010c08c29b8dd80610d09489b101f00101fa010276311001', '2026-11-22 20:17:06.371346+00');
INSERT INTO public.request VALUES ('72ed2495-b290-4587-beae-6fba5af83698', 'CreateFlowRun', '\x4cc76bf5d7c3f211568360b8f1bab0e5', '\x0ae4010a2430316132303465372d626634382d373030302d626332342d66626166613966326136376212056c617465721a2430316132303465372d626438382d373030312d393130322d336130363934333937623538220e7363656e652d35626336633362373a0e7363656e652d3562633663336237420764656661756c744a1b080112095363686564756c6564220c08c29b8dd80610a0eabfb301520a7b22646179223a20327d5a0e7363656e652d3562633663336237ca010c08c29b8dd80610a0eabfb301d201060880b2f8841bea010c08c29b8dd80610a0eabfb301f00101fa010276311001', '2026-11-22 20:17:06.376436+00');
INSERT INTO public.request VALUES ('aa4d9640-2efc-4831-960c-38b82b17618a', 'StartFlowRun', '\x99958cbe19a51e07f93d4fd919047bc5', '\x0aa1020a2430316132303465372d626634392d373030302d386466662d32663733326239393266313210011a0308901c22f1010a2430316132303465372d626634392d373030302d386466662d326637333262393932663132120770726f636573731a2430316132303465372d626438382d373030312d393130322d336130363934333937623538220e7363656e652d35626336633362374a190803120752756e6e696e67220c08c29b8dd80610f0fa8fb50152027b7d5a0e7363656e652d35626336633362377801900101ca010c08c29b8dd80610f0fa8fb501d2010c08c29b8dd80610f0fa8fb501da010c08c29b8dd80610f0fa8fb501ea010c08c29b8dd80610f0fa8fb501f00101fa010276319202116c6170746f702f626f6f742f372f313030120908a70a10b0b3fb8f02', '2026-11-22 20:17:06.379846+00');
INSERT INTO public.request VALUES ('9e06a84b-25b4-40c7-8fdd-303aabac2010', 'StartFlowRun', '\xdd77e6d9a33fa25a24dc90c008c711aa', '\x0aa7020a2430316132303465372d626635342d373030302d396434302d32626537306536346434653010011a0308901c22f7010a2430316132303465372d626635342d373030302d396434302d326265373065363464346530120d70726f636573732d656e6465641a2430316132303465372d626438382d373030312d393130322d336130363934333937623538220e7363656e652d35626336633362374a190803120752756e6e696e67220c08c29b8dd8061080e1f9b90152027b7d5a0e7363656e652d35626336633362377801900101ca010c08c29b8dd8061080e1f9b901d2010c08c29b8dd8061080e1f9b901da010c08c29b8dd8061080e1f9b901ea010c08c29b8dd8061080e1f9b901f00101fa010276319202116c6170746f702f626f6f742f372f313030120908d80910909efaa703', '2026-11-22 20:17:06.389968+00');
INSERT INTO public.schedule VALUES ('01a204e7-bde8-7000-b6fd-cd9774010b55', '01a204e7-bd88-7000-8053-8b9c83e63107', 's0', '{"kind":"cron","expression":"30 2 * * 1-5","time_zone":"Europe/Berlin","day_or":true}', true, '', 2, NULL, 1, 0, '2026-11-23 01:30:00+00', NULL, '2026-11-22 20:17:06.024404+00', '2026-11-22 20:17:06.024404+00', 1);
INSERT INTO public.schedule VALUES ('01a204e7-bdff-7000-92bd-2b3e7ceb826a', '01a204e7-bd88-7000-8053-8b9c83e63107', 's1', '{"kind":"interval","interval_us":5400000000,"anchor":"2026-03-02T12:00:00+00:00","time_zone":"America/New_York"}', true, '', 2, NULL, 1, 0, '2026-11-22 21:00:00+00', NULL, '2026-11-22 20:17:06.047162+00', '2026-11-22 20:17:06.047162+00', 1);
INSERT INTO public.schedule VALUES ('01a204e7-be12-7000-8848-704de2b78fa6', '01a204e7-bd88-7000-8053-8b9c83e63107', 's2', '{"kind":"rrule","rule":"FREQ=MONTHLY;BYDAY=-1FR;BYHOUR=18","time_zone":"UTC"}', true, '', 2, NULL, 1, 0, '2026-11-27 18:00:00+00', NULL, '2026-11-22 20:17:06.06687+00', '2026-11-22 20:17:06.06687+00', 1);
INSERT INTO public.schedule VALUES ('01a204e7-bf61-7000-ac93-573f3392d0c8', '01a204e7-bd88-7000-8053-8b9c83e63107', 'ticking', '{"kind":"interval","interval_us":60000000,"anchor":"1970-01-01T00:00:00+00:00","time_zone":"UTC"}', false, '', 2, NULL, 1, 0, '2026-11-22 20:18:00+00', NULL, '2026-11-22 20:17:06.401885+00', '2026-11-22 20:17:06.401885+00', 1);
INSERT INTO public.session VALUES ('01a204e7-be1d-7000-a349-f10d96abeaa2', '01a204e7-bcfc-7000-8555-1282fc52e153', 'anna', '[]', 50, '{"zone": "b"}', '[]', '', false, false, '2026-11-22 20:17:06.077336+00', '2026-11-22 20:17:06.077336+00');
INSERT INTO public.task_run VALUES ('01a204e7-beed-7000-9e71-bbc77d941cb5', '01a204e7-bed5-7000-9c03-b74a1512dc18', 'extract', 'etl.extract', '0', 6, 'Completed', '', '2026-03-02 12:00:00+00', NULL, 1, '[]', '[]', '', NULL, NULL, NULL, NULL, NULL, '2026-03-02 12:00:00+00', '2026-03-02 12:00:00+00', NULL, 2, NULL, 1);
INSERT INTO public.task_run VALUES ('01a204e7-beed-7000-a28c-2320780594c0', '01a204e7-bed5-7000-9c03-b74a1512dc18', 'load', 'etl.load', '0', 3, 'Running', '', '2026-03-02 12:00:00+00', NULL, 2, '["slow"]', '["01a204e7-beed-7000-9e71-bbc77d941cb5"]', '', NULL, NULL, NULL, NULL, NULL, '2026-03-02 12:00:00+00', '2026-03-02 12:00:00+00', NULL, 1, NULL, 2);
INSERT INTO public.task_run VALUES ('01a204e7-bf2e-7000-b812-3abf4345373e', '01a204e7-beab-7000-bac2-9b01455028bc', 'extract', 'etl.extract', '0', 6, 'Completed', '', '2026-03-02 12:00:00+00', NULL, 1, '[]', '[]', '', NULL, NULL, NULL, NULL, NULL, '2026-03-02 12:00:00+00', '2026-03-02 12:00:00+00', NULL, 2, NULL, 3);
INSERT INTO public.task_run VALUES ('01a204e7-bf2e-7000-84cd-cdee0d2fbac8', '01a204e7-beab-7000-bac2-9b01455028bc', 'load', 'etl.load', '0', 3, 'Running', '', '2026-03-02 12:00:00+00', NULL, 2, '["slow"]', '["01a204e7-bf2e-7000-b812-3abf4345373e"]', '', NULL, NULL, NULL, NULL, NULL, '2026-03-02 12:00:00+00', '2026-03-02 12:00:00+00', NULL, 1, NULL, 4);
INSERT INTO public.task_run_state_default VALUES ('01a204e7-beed-7000-9e71-bbc77d941cb5', 1, '2026-03-02 12:00:00+00', 3, 'Running', '', NULL, 1);
INSERT INTO public.task_run_state_default VALUES ('01a204e7-beed-7000-9e71-bbc77d941cb5', 2, '2026-03-02 12:00:00+00', 6, 'Completed', '', NULL, 1);
INSERT INTO public.task_run_state_default VALUES ('01a204e7-beed-7000-a28c-2320780594c0', 1, '2026-03-02 12:00:00+00', 3, 'Running', '', NULL, 1);
INSERT INTO public.task_run_state_default VALUES ('01a204e7-bf2e-7000-b812-3abf4345373e', 1, '2026-03-02 12:00:00+00', 3, 'Running', '', NULL, 1);
INSERT INTO public.task_run_state_default VALUES ('01a204e7-bf2e-7000-b812-3abf4345373e', 2, '2026-03-02 12:00:00+00', 6, 'Completed', '', NULL, 1);
INSERT INTO public.task_run_state_default VALUES ('01a204e7-bf2e-7000-84cd-cdee0d2fbac8', 1, '2026-03-02 12:00:00+00', 3, 'Running', '', NULL, 1);
INSERT INTO public.work_pool VALUES ('01a204e7-baa9-7000-b002-e3f01ee818a8', 'default', 'process', '', false, NULL, 15000, '', '2026-11-22 20:17:05.193462+00', '2026-11-22 20:17:05.193462+00', 1);
INSERT INTO public.work_pool VALUES ('01a204e7-bcfc-7000-8555-1282fc52e153', 'scene-5bc6c3b7', 'process', 'a lab', false, NULL, 3600000, '', '2026-11-22 20:17:05.788761+00', '2026-11-22 20:17:05.788761+00', 1);
INSERT INTO public.work_queue VALUES ('01a204e7-baa9-7001-b64b-2714efb64f8c', '01a204e7-baa9-7000-b002-e3f01ee818a8', 'default', '', 100, false, NULL, '2026-11-22 20:17:05.193462+00', '2026-11-22 20:17:05.193462+00', 1);
INSERT INTO public.work_queue VALUES ('01a204e7-bcfc-7001-9292-ad4506d386a4', '01a204e7-bcfc-7000-8555-1282fc52e153', 'default', '', 100, false, NULL, '2026-11-22 20:17:05.788761+00', '2026-11-22 20:17:05.788761+00', 1);
INSERT INTO public.work_queue VALUES ('01a204e7-bd12-7000-922a-8be0d246e8a4', '01a204e7-bcfc-7000-8555-1282fc52e153', 'urgent', '', 7, false, NULL, '2026-11-22 20:17:05.81071+00', '2026-11-22 20:17:05.81071+00', 1);
SELECT pg_catalog.setval('public.task_run_change', 4, true);
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
ALTER TABLE ONLY public.control_plane
    ADD CONSTRAINT pk_control_plane PRIMARY KEY (id);
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
CREATE INDEX ix_flow_run_deployment ON public.flow_run USING btree (deployment_id, id) INCLUDE (state_type) WHERE (deployment_id IS NOT NULL);
CREATE INDEX ix_flow_run_flow ON public.flow_run USING btree (flow_id, id) INCLUDE (state_type);
CREATE INDEX ix_flow_run_name ON public.flow_run USING btree (name text_pattern_ops, id);
CREATE INDEX ix_flow_run_open_of_schedule ON public.flow_run USING btree (schedule_id, id) WHERE ((schedule_id IS NOT NULL) AND (end_time IS NULL));
CREATE INDEX ix_flow_run_parent ON public.flow_run USING btree (parent_flow_run_id, id) WHERE (parent_flow_run_id IS NOT NULL);
CREATE INDEX ix_flow_run_pool ON public.flow_run USING btree (work_pool_id, id) INCLUDE (state_type);
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
