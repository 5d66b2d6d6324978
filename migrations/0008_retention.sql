-- What is no longer to be kept: people and accounts that were erased, and how far the
-- retention of each account has come.

-- +goose Up

-- Nobody gets into an erased account, and it takes in nothing.
ALTER TABLE directory.accounts ADD COLUMN erased_at timestamptz;
-- When the settings were last chosen: older ones from elsewhere do not replace them.
ALTER TABLE directory.accounts ADD COLUMN settings_at timestamptz NOT NULL DEFAULT now();

-- Those whose retention is not the default, which are few.
CREATE INDEX accounts_retention_idx ON directory.accounts (account_id)
 WHERE settings ->> 'deleted_retention_days' IS NOT NULL OR settings ->> 'content_retention_days' <> '0';

-- The keys under which former names and addresses were sealed. What they have sealed
-- may still lie in dead rows, the WAL and backups.
ALTER TABLE directory.users ADD COLUMN former_buckets bigint[] NOT NULL DEFAULT '{}';

CREATE OR REPLACE VIEW directory.principals AS
SELECT k.key_id, k.hash, k.hint, k.label, k.account_id, a.slug AS account_slug, k.user_id, u.role,
       u.active AND a.erased_at IS NULL AS active,
       k.kind, k.scopes, k.created_at, k.expires_at, k.revoked_at
  FROM directory.keys k
  JOIN directory.users u ON u.account_id = k.account_id AND u.user_id = k.user_id
  JOIN directory.accounts a ON a.account_id = k.account_id;

-- What log.obligations is for events, this is for people, who are in no event: the keys
-- that could open what was erased of them have to be destroyed. They are retired; that
-- they are destroyed, log.retired_buckets knows first.
CREATE TABLE directory.obligations (
    obligation_id    bigint      GENERATED ALWAYS AS IDENTITY,
    recorded_at      timestamptz NOT NULL DEFAULT now(),
    key_destroyed_at timestamptz,
    account_id       integer     NOT NULL,
    user_id          uuid        NOT NULL,
    bucket_ids       bigint[]    NOT NULL, -- the keys
    CONSTRAINT obligations_pkey PRIMARY KEY (obligation_id),
    CONSTRAINT obligations_user_fkey FOREIGN KEY (account_id, user_id) REFERENCES directory.users
);
CREATE INDEX obligations_open_idx ON directory.obligations (account_id, obligation_id) WHERE key_destroyed_at IS NULL;

CREATE SCHEMA retention;

-- How far an account's texts have been looked at, in the order in which they were
-- written: those up to the position were too old, and are erased or in a held ticket.
CREATE TABLE retention.cursors (
    position   bigint   NOT NULL,
    account_id integer  NOT NULL,
    shard      smallint NOT NULL,
    CONSTRAINT cursors_pkey PRIMARY KEY (shard, account_id)
) WITH (fillfactor = 50);

-- Tickets that a cursor has passed by because of their legal hold.
CREATE TABLE retention.held (
    account_id integer  NOT NULL,
    shard      smallint NOT NULL,
    ticket_id  uuid     NOT NULL,
    CONSTRAINT held_pkey PRIMARY KEY (shard, account_id, ticket_id)
);
