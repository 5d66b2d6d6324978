-- Outlets: streams in JetStream that tell programs of one account what happens in it.
-- How far each has come is read from its last message; what is here says which there
-- are, and helps where a stream cannot tell.

-- +goose Up

CREATE SCHEMA outlets;

CREATE TABLE outlets.outlets (
    start_position bigint      NOT NULL, -- the outlet tells of what comes after this
    mark_position  bigint      NOT NULL, -- what it tells of the log up to here ends with mark_sequence
    mark_sequence  bigint      NOT NULL DEFAULT 0,
    opened_at      timestamptz NOT NULL DEFAULT now(),
    closed_at      timestamptz,          -- the stream, and then this row, are to be removed; null: it is open
    account_id     integer     NOT NULL,
    mark_epoch     integer     NOT NULL DEFAULT 0, -- of the log when the mark was made
    shard          smallint    NOT NULL,
    outlet_id      uuid        NOT NULL, -- of this opening: a stream of an earlier one is made anew
    audience       text        NOT NULL,
    CONSTRAINT outlets_pkey PRIMARY KEY (shard, account_id, audience),
    CONSTRAINT outlets_audience_check CHECK (audience IN ('public', 'all'))
) WITH (fillfactor = 70);

-- Who may read an outlet: each has a consumer of that name, which is made for it, because
-- whoever may make consumers can have messages sent to where they do harm.
CREATE TABLE outlets.readers (
    account_id integer  NOT NULL,
    shard      smallint NOT NULL,
    audience   text     NOT NULL,
    name       text     NOT NULL,
    CONSTRAINT readers_pkey PRIMARY KEY (shard, account_id, audience, name),
    CONSTRAINT readers_outlet_fkey FOREIGN KEY (shard, account_id, audience) REFERENCES outlets.outlets ON DELETE CASCADE
);

-- The process that fills the outlets of a shard.
CREATE TABLE outlets.leases (
    held_until timestamptz NOT NULL,
    shard      smallint    NOT NULL,
    holder     uuid        NOT NULL,
    CONSTRAINT leases_pkey PRIMARY KEY (shard)
) WITH (fillfactor = 20);
