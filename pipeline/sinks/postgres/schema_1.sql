-- The tables as they were made first. Never to be changed: what is new comes in a file of its own.

CREATE TABLE risk_scores (
    user_id text COLLATE "C" NOT NULL, event_id text COLLATE "C" NOT NULL,
    event_time timestamptz NOT NULL, amount numeric NOT NULL,
    currency text, ip text, device_id text, card_id text, merchant_id text, country text,
    channel text, extra jsonb,
    score smallint NOT NULL, decision text NOT NULL, features jsonb NOT NULL,
    ruleset_version text NOT NULL, ruleset_hash text NOT NULL,
    late boolean NOT NULL, saturated boolean NOT NULL,
    source_topic text NOT NULL, source_partition integer NOT NULL,
    source_offset bigint NOT NULL, position bigint NOT NULL,
    decided_at timestamptz NOT NULL, written_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (user_id, event_id));

CREATE INDEX risk_scores_event_time ON risk_scores (event_time);

CREATE INDEX risk_scores_flagged ON risk_scores (decided_at) WHERE decision <> 'approve';

CREATE INDEX risk_scores_event_id ON risk_scores USING hash (event_id);

CREATE TABLE rule_triggers (
    user_id text COLLATE "C" NOT NULL, event_id text COLLATE "C" NOT NULL,
    ordinal smallint NOT NULL, rule text NOT NULL, points smallint NOT NULL,
    text text NOT NULL, position bigint NOT NULL,
    PRIMARY KEY (user_id, event_id, ordinal));

CREATE TABLE job_runs (
    run bigint PRIMARY KEY, kind text, ruleset_version text NOT NULL,
    ruleset_hash text NOT NULL, first_position bigint NOT NULL,
    first_seen_at timestamptz NOT NULL);
