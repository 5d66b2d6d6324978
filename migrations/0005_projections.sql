-- The read side. Every table here can be dropped and rebuilt from the log.

-- +goose Up
CREATE SCHEMA projections;

-- How far each projection has come, by partition of tickets. position is that of
-- the last event of this partition that has taken effect; whoever holds the lease
-- may move it, and only from the value it believes in.
CREATE TABLE projections.checkpoints (
    position     bigint      NOT NULL DEFAULT 0,
    leased_until timestamptz NOT NULL DEFAULT '2000-01-01Z',
    owner        uuid,
    epoch        integer     NOT NULL DEFAULT 1,
    shard        smallint    NOT NULL,
    partition    smallint    NOT NULL,
    projection   text        NOT NULL,
    CONSTRAINT checkpoints_pkey PRIMARY KEY (projection, shard, partition),
    CONSTRAINT checkpoints_partition_check CHECK (partition BETWEEN 0 AND 63)
) WITH (fillfactor = 30);

INSERT INTO projections.checkpoints (projection, shard, partition)
SELECT 'threads', 0, p FROM generate_series(0, 63) AS p;

-- Tickets whose events could not be applied. Their readers fold the log instead;
-- replaying a row heals the ticket.
CREATE TABLE projections.quarantine (
    position       bigint      NOT NULL, -- of the first event that failed
    quarantined_at timestamptz NOT NULL DEFAULT now(),
    account_id     integer     NOT NULL,
    shard          smallint    NOT NULL,
    ticket_id      uuid        NOT NULL,
    projection     text        NOT NULL,
    reason         text        NOT NULL, -- names types and positions, never contents
    CONSTRAINT quarantine_pkey PRIMARY KEY (projection, shard, account_id, ticket_id)
);

CREATE SCHEMA threads;

-- The thread of a ticket, as seen by those who may see all of it and by those who
-- may see what is public. A digest names the last change visible to that audience;
-- counts are by author type: agent, customer, system.
CREATE TABLE threads.tickets (
    number           bigint      NOT NULL,
    opened_at        timestamptz NOT NULL,
    updated_at       timestamptz NOT NULL,
    public_updated_at timestamptz NOT NULL,
    account_id       integer     NOT NULL,
    applied_version  integer     NOT NULL,
    shard            smallint    NOT NULL,
    default_public   boolean     NOT NULL,
    ticket_id        uuid        NOT NULL,
    requester_id     uuid,
    subject_id       uuid,
    last_change_id        uuid   NOT NULL, -- event id
    last_public_change_id uuid   NOT NULL, -- event id
    status           text        NOT NULL,
    public_counts    integer[]   NOT NULL,
    internal_counts  integer[]   NOT NULL,
    CONSTRAINT tickets_pkey PRIMARY KEY (shard, account_id, ticket_id)
) WITH (fillfactor = 70);

-- position is that of comment.created: the order of the thread.
CREATE TABLE threads.comments (
    position    bigint      NOT NULL,
    number      bigint      NOT NULL,
    created_at  timestamptz NOT NULL,
    updated_at  timestamptz NOT NULL,
    account_id  integer     NOT NULL,
    revision    integer     NOT NULL,
    shard       smallint    NOT NULL,
    author_type smallint    NOT NULL,
    public      boolean     NOT NULL,
    comment_id  uuid        NOT NULL,
    ticket_id   uuid        NOT NULL,
    author_id   uuid        NOT NULL,
    content_id  uuid        NOT NULL,
    CONSTRAINT comments_pkey PRIMARY KEY (shard, account_id, ticket_id, position),
    CONSTRAINT comments_id_key UNIQUE (shard, account_id, comment_id)
) WITH (fillfactor = 90);
