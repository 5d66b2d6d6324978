-- What it takes to destroy keys while others go on writing: see eventstore/erasure.

-- +goose Up

-- What the keyring says of a destroyed key is said here too: a key that comes back with
-- an old backup of the keyring is recognised and destroyed again.
ALTER TABLE log.retired_buckets
    ADD COLUMN destroyed_at timestamptz,
    ADD COLUMN account_id   integer,
    ADD COLUMN purpose      text;
CREATE INDEX retired_buckets_owed_idx ON log.retired_buckets (retired_at) WHERE destroyed_at IS NULL;

-- For how far back something could still be recovered.
CREATE INDEX retired_buckets_destroyed_idx ON log.retired_buckets (destroyed_at);
CREATE INDEX obligations_destroyed_idx ON log.obligations (shard, key_destroyed_at) WHERE completed_at IS NOT NULL;

-- Whoever stores something that is sealed, and is not log.append, calls this first, in
-- the same transaction: until its end no further key is retired. A later statement of
-- the transaction can then rely on what it sees in log.retired_buckets.
CREATE FUNCTION log.hold_buckets() RETURNS void
LANGUAGE sql
AS 'SELECT pg_advisory_xact_lock_shared(1668117606, 0)';

-- Retires keys: once it is committed, whatever is sealed under them is in its table
-- for everybody to see, and nothing will be added to it. The heads are locked so that
-- no append is on its way that has looked at log.retired_buckets before; the lock of
-- hold_buckets comes first, because those who have that one may be waited for, while
-- those who wait for a head should not be.
-- +goose StatementBegin
CREATE FUNCTION log.retire_buckets(_bucket_ids bigint[]) RETURNS void
LANGUAGE plpgsql
AS $$
BEGIN
    PERFORM pg_advisory_xact_lock(1668117606, 0);
    PERFORM FROM log.heads ORDER BY shard FOR UPDATE;
    INSERT INTO log.retired_buckets (bucket_id)
    SELECT id FROM unnest(_bucket_ids) AS id
        ON CONFLICT DO NOTHING;
END
$$;
-- +goose StatementEnd
