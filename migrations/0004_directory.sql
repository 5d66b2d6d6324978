-- Who commentd serves: accounts (tenants), the people in them, and the API keys
-- they hold. Ordinary tables, not the log: names and e-mail addresses are sealed
-- in place and can be erased in place.

-- +goose Up
CREATE SCHEMA directory;

CREATE TABLE directory.accounts (
    account_id integer     GENERATED ALWAYS AS IDENTITY,
    created_at timestamptz NOT NULL DEFAULT now(),
    slug       text        NOT NULL,
    settings   jsonb       NOT NULL DEFAULT '{}',
    CONSTRAINT accounts_pkey PRIMARY KEY (account_id),
    CONSTRAINT accounts_slug_key UNIQUE (slug),
    CONSTRAINT accounts_slug_check CHECK (slug ~ '^[a-z0-9-]{1,40}$')
);

-- sealed holds name and e-mail; email_digest is a keyed digest for look-ups.
CREATE TABLE directory.users (
    number       bigint      NOT NULL,
    bucket_id    bigint      NOT NULL,
    created_at   timestamptz NOT NULL DEFAULT now(),
    updated_at   timestamptz NOT NULL DEFAULT now(),
    account_id   integer     NOT NULL,
    active       boolean     NOT NULL DEFAULT true,
    user_id      uuid        NOT NULL,
    role         text        NOT NULL,
    email_digest bytea,
    sealed       bytea       NOT NULL,
    CONSTRAINT users_pkey PRIMARY KEY (account_id, user_id),
    CONSTRAINT users_number_key UNIQUE (account_id, number),
    CONSTRAINT users_email_key UNIQUE (account_id, email_digest),
    CONSTRAINT users_role_check CHECK (role IN ('agent', 'admin', 'customer', 'system')),
    CONSTRAINT users_account_fkey FOREIGN KEY (account_id) REFERENCES directory.accounts
);

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
    label      text        NOT NULL,
    scopes     text[]      NOT NULL,
    CONSTRAINT keys_pkey PRIMARY KEY (key_id),
    CONSTRAINT keys_hash_key UNIQUE (hash),
    CONSTRAINT keys_kind_check CHECK (kind IN ('agent', 'customer', 'system', 'integration')),
    CONSTRAINT keys_user_fkey FOREIGN KEY (account_id, user_id) REFERENCES directory.users
);
CREATE INDEX keys_account_idx ON directory.keys (account_id);
