-- The keyring is the only place where a key lies that opens contents. It is tiny,
-- so that it can be rewritten physically when a key is destroyed, and it may live
-- in a database of its own (COMMENTD_KEYRING_URL): these migrations are counted
-- apart from the others.

-- +goose Up
CREATE SCHEMA keyring;

CREATE SEQUENCE keyring.bucket_ids;

-- A row without wrapped_key is a tombstone: the key is destroyed, its name is not.
--
-- Nothing but the rows themselves may hold a wrapped key: no index, no TOAST table,
-- no statistics, which ANALYZE would fill with samples.
CREATE TABLE keyring.buckets (
    bucket_id    bigint      NOT NULL,
    account_id   integer     NOT NULL,
    created_at   timestamptz NOT NULL DEFAULT now(),
    destroyed_at timestamptz,
    rewritten_at timestamptz, -- since then the file of this table is one that never held the key
    purpose      text        NOT NULL,
    root_key_id  text        NOT NULL, -- the root key that wraps this row
    wrapped_key  bytea,
    trace        bytea,       -- of the destroyed key: what to look for, until it was looked for in vain
    CONSTRAINT buckets_pkey PRIMARY KEY (bucket_id),
    CONSTRAINT buckets_purpose_check CHECK (purpose IN ('content', 'person', 'receipt')),
    CONSTRAINT buckets_destroyed_check CHECK ((wrapped_key IS NULL) = (destroyed_at IS NOT NULL)),
    CONSTRAINT buckets_trace_check CHECK (trace IS NULL OR destroyed_at IS NOT NULL)
);
ALTER TABLE keyring.buckets
    ALTER COLUMN wrapped_key SET STATISTICS 0,
    ALTER COLUMN wrapped_key SET STORAGE PLAIN;

-- Finds the few rows that are of interest in a table that is never searched otherwise.
CREATE INDEX buckets_trace_idx ON keyring.buckets (bucket_id) WHERE trace IS NOT NULL;

-- Files that have been the keyring's and may not be gone yet.
CREATE TABLE keyring.old_files (
    file text NOT NULL, -- relative to the data directory
    CONSTRAINT old_files_pkey PRIMARY KEY (file)
);

-- By its trace a wrapped key is known again where it is met: the last two bytes, to
-- look for, and the SHA-256 of the last 32, to be sure. Those are ciphertext, in whatever
-- form, and so the trace tells nothing of the key.
-- +goose StatementBegin
CREATE FUNCTION keyring.trace(wrapped_key bytea) RETURNS bytea
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
RETURN substring(wrapped_key FROM octet_length(wrapped_key) - 1)
       || sha256(substring(wrapped_key FROM octet_length(wrapped_key) - 31));
-- +goose StatementEnd

-- Copies what is to stay into a new table and drops the old one, with every dead row
-- in it. VACUUM FULL would keep what an older snapshot could still see. Who holds as
-- much as a read lock on the table keeps this from happening: lock_timeout says for how
-- long, and all others wait meanwhile.
--
-- The caller's transaction must be READ COMMITTED: it sees nothing but what was
-- committed before the lock.
-- +goose StatementBegin
CREATE FUNCTION keyring.rewrite() RETURNS void
LANGUAGE plpgsql
AS $$
DECLARE
    old     pg_catalog.pg_class;
    granted record;
BEGIN
    LOCK TABLE keyring.buckets IN ACCESS EXCLUSIVE MODE;
    IF NOT EXISTS (SELECT FROM keyring.buckets WHERE destroyed_at IS NOT NULL AND rewritten_at IS NULL) THEN
        RETURN; -- somebody else was faster
    END IF;
    SELECT * INTO STRICT old FROM pg_catalog.pg_class WHERE oid = 'keyring.buckets'::regclass;
    INSERT INTO keyring.old_files (file)
    SELECT pg_relation_filepath(old.oid)
     UNION
    SELECT pg_relation_filepath(old.reltoastrelid) WHERE old.reltoastrelid <> 0
        ON CONFLICT DO NOTHING;

    CREATE TABLE keyring.rewritten (LIKE keyring.buckets INCLUDING ALL);
    ALTER TABLE keyring.rewritten ALTER COLUMN wrapped_key SET STATISTICS 0;
    INSERT INTO keyring.rewritten (bucket_id, account_id, created_at, destroyed_at, rewritten_at, purpose,
                                   root_key_id, wrapped_key, trace)
    SELECT bucket_id, account_id, created_at, destroyed_at,
           CASE WHEN destroyed_at IS NOT NULL THEN coalesce(rewritten_at, now()) END,
           purpose, root_key_id, wrapped_key, trace
      FROM keyring.buckets; -- in no order: sorting might write keys to a temporary file

    EXECUTE format('ALTER TABLE keyring.rewritten OWNER TO %s', old.relowner::regrole);
    FOR granted IN SELECT a.privilege_type, a.is_grantable,
                          CASE a.grantee WHEN 0 THEN 'PUBLIC' ELSE a.grantee::regrole::text END AS grantee
                     FROM aclexplode(old.relacl) AS a WHERE a.grantee <> old.relowner LOOP
        EXECUTE format('GRANT %s ON keyring.rewritten TO %s %s', granted.privilege_type, granted.grantee,
                       CASE WHEN granted.is_grantable THEN 'WITH GRANT OPTION' END);
    END LOOP;

    DROP TABLE keyring.buckets;
    ALTER TABLE keyring.rewritten RENAME TO buckets;
    ALTER TABLE keyring.buckets RENAME CONSTRAINT rewritten_pkey TO buckets_pkey;
    ALTER INDEX keyring.rewritten_bucket_id_idx RENAME TO buckets_trace_idx;
END
$$;
-- +goose StatementEnd
