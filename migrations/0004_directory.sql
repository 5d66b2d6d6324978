-- Who commentd serves: accounts (tenants), the people in them, and the API keys
-- they hold. Ordinary tables, not the log: names and e-mail addresses are sealed
-- in place and can be erased in place.

-- +goose Up
CREATE SCHEMA directory;

-- A slug becomes part of subjects and cache keys, so nothing in it may have a
-- meaning there. The collation is that of the bytes: elsewhere a range such as
-- a-z may hold more than it shows.
CREATE TABLE directory.accounts (
    created_at timestamptz NOT NULL DEFAULT now(),
    account_id integer     GENERATED ALWAYS AS IDENTITY,
    slug       text        COLLATE "C" NOT NULL,
    settings   jsonb       NOT NULL DEFAULT '{}',
    CONSTRAINT accounts_pkey PRIMARY KEY (account_id),
    CONSTRAINT accounts_slug_key UNIQUE (slug),
    CONSTRAINT accounts_slug_check CHECK (slug ~ '^[a-z0-9-]{1,40}$')
);

-- sealed holds name and e-mail, and is null for a user of whom only the id is
-- known; email_digest is a keyed digest, for look-ups.
CREATE TABLE directory.users (
    number       bigint      NOT NULL,
    bucket_id    bigint,
    created_at   timestamptz NOT NULL DEFAULT now(),
    updated_at   timestamptz NOT NULL DEFAULT now(),
    account_id   integer     NOT NULL,
    active       boolean     NOT NULL DEFAULT true,
    user_id      uuid        NOT NULL,
    role         text        NOT NULL,
    email_digest bytea,
    sealed       bytea,
    CONSTRAINT users_pkey PRIMARY KEY (account_id, user_id),
    CONSTRAINT users_number_key UNIQUE (account_id, number),
    CONSTRAINT users_email_key UNIQUE (account_id, email_digest),
    CONSTRAINT users_role_check CHECK (role IN ('agent', 'admin', 'customer', 'system')),
    CONSTRAINT users_sealed_check CHECK ((sealed IS NULL) = (bucket_id IS NULL)
                                         AND (sealed IS NOT NULL OR email_digest IS NULL)),
    CONSTRAINT users_account_fkey FOREIGN KEY (account_id) REFERENCES directory.accounts
);

-- Lists of users by role: see list_users.sql.
CREATE INDEX users_role_idx ON directory.users (role, account_id, number);

-- Re-keying a bucket visits the people whose names are sealed under it.
CREATE INDEX users_bucket_idx ON directory.users (bucket_id) WHERE bucket_id IS NOT NULL;

CREATE TABLE directory.keys (
    created_at timestamptz NOT NULL DEFAULT now(),
    expires_at timestamptz,
    revoked_at timestamptz,
    account_id integer     NOT NULL,
    key_id     uuid        NOT NULL,
    user_id    uuid        NOT NULL, -- the principal
    kind       text        NOT NULL,
    hash       bytea       NOT NULL, -- SHA-256 of the key
    hint       text        NOT NULL, -- its last four characters, to tell keys apart
    label      text        NOT NULL, -- what an operator calls it; not for names of people
    scopes     text[]      NOT NULL,
    CONSTRAINT keys_pkey PRIMARY KEY (key_id),
    CONSTRAINT keys_hash_key UNIQUE (hash),
    CONSTRAINT keys_hash_check CHECK (length(hash) = 32),
    CONSTRAINT keys_kind_check CHECK (kind IN ('agent', 'customer', 'system', 'integration')),
    CONSTRAINT keys_scopes_check CHECK (scopes <@ ARRAY['comments:read', 'comments:write', 'comments:delete',
        'comments:redact', 'comments:act_as', 'tickets:write', 'audit:read', 'admin']),
    -- A customer's key cannot come to see or move what is not the customer's.
    CONSTRAINT keys_customer_check CHECK (kind <> 'customer'
        OR scopes <@ ARRAY['comments:read', 'comments:write', 'comments:delete']),
    CONSTRAINT keys_user_fkey FOREIGN KEY (account_id, user_id) REFERENCES directory.users
);
CREATE INDEX keys_account_idx ON directory.keys (account_id);

-- A key with all that decides whether it is good: one row, one snapshot, so that
-- the packages of keys and of people need not read one another's tables.
CREATE VIEW directory.principals AS
SELECT k.key_id, k.hash, k.hint, k.label, k.account_id, a.slug AS account_slug, k.user_id, u.role, u.active,
       k.kind, k.scopes, k.created_at, k.expires_at, k.revoked_at
  FROM directory.keys k
  JOIN directory.users u ON u.account_id = k.account_id AND u.user_id = k.user_id
  JOIN directory.accounts a ON a.account_id = k.account_id;
