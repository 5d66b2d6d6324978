-- The keyring is the only place where a key lies that opens contents. It is tiny,
-- so that it can be rewritten physically when a key is destroyed, and it may live
-- in a database of its own (COMMENTD_KEYRING_URL).

-- +goose Up
CREATE SCHEMA keyring;

CREATE SEQUENCE keyring.bucket_ids;

-- wrapped_key is null in a tombstone: the key is destroyed, its name is not.
CREATE TABLE keyring.buckets (
    bucket_id    bigint      NOT NULL,
    account_id   integer     NOT NULL,
    created_at   timestamptz NOT NULL DEFAULT now(),
    destroyed_at timestamptz,
    purpose      text        NOT NULL,
    root_key_id  text        NOT NULL, -- the root key that wraps this row
    wrapped_key  bytea,
    CONSTRAINT buckets_pkey PRIMARY KEY (bucket_id),
    CONSTRAINT buckets_purpose_check CHECK (purpose IN ('content', 'person', 'receipt')),
    CONSTRAINT buckets_destroyed_check CHECK ((wrapped_key IS NULL) = (destroyed_at IS NOT NULL))
);
