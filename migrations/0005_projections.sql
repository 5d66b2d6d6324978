-- The read side. Every table here can be dropped and rebuilt from the log.

-- +goose Up
CREATE SCHEMA projections;

-- How far each projection has come, by partition of tickets. Whoever holds the
-- lease may move the position, and only from the value it believes in.
CREATE TABLE projections.checkpoints (
    position     bigint      NOT NULL DEFAULT 0, -- of the partition's last event that has taken effect
    -- The partition has no event after position and up to here: who reads on may
    -- start here, however long nothing has happened in the partition.
    read_to      bigint      NOT NULL DEFAULT 0,
    leased_until timestamptz NOT NULL DEFAULT '2000-01-01Z',
    owner        uuid,
    epoch        integer     NOT NULL DEFAULT 1, -- of the log, as it was followed so far
    shard        smallint    NOT NULL,
    partition    smallint    NOT NULL,
    projection   text        NOT NULL,
    CONSTRAINT checkpoints_pkey PRIMARY KEY (projection, shard, partition),
    CONSTRAINT checkpoints_partition_check CHECK (partition BETWEEN 0 AND 63)
) WITH (fillfactor = 30);

-- The instances that share the partitions of a projection. One that holds none yet
-- is seen here by those who should leave it some.
CREATE TABLE projections.members (
    present_until timestamptz NOT NULL,
    member        uuid        NOT NULL,
    shard         smallint    NOT NULL,
    projection    text        NOT NULL,
    CONSTRAINT members_pkey PRIMARY KEY (projection, shard, member)
) WITH (fillfactor = 30);

-- Tickets whose events could not be applied. Their rows stay as they were, and
-- readers fold the log from there; replaying a ticket heals it.
CREATE TABLE projections.quarantine (
    position       bigint      NOT NULL, -- of the first event that failed
    quarantined_at timestamptz NOT NULL DEFAULT now(),
    account_id     integer     NOT NULL,
    shard          smallint    NOT NULL,
    ticket_id      uuid        NOT NULL,
    projection     text        NOT NULL,
    reason         text        NOT NULL, -- names types and codes, never contents
    CONSTRAINT quarantine_pkey PRIMARY KEY (projection, shard, account_id, ticket_id)
);

CREATE SCHEMA threads;

-- The thread of a ticket, as seen by those who may see all of it and by those who
-- may see what is public. What a ticket is (status, requester, subject) stands in
-- log.tickets, which is always current; here is what has to be folded.
CREATE TABLE threads.tickets (
    opened_at             timestamptz NOT NULL,
    updated_at            timestamptz NOT NULL,
    public_updated_at     timestamptz NOT NULL,
    last_audit            bigint      NOT NULL, -- number of the last audit
    account_id            integer     NOT NULL,
    audits                integer     NOT NULL, -- how many there are
    applied_version       integer     NOT NULL, -- of the stream; the rows of the ticket are as it left them
    shard                 smallint    NOT NULL,
    ticket_id             uuid        NOT NULL,
    last_change_id        uuid        NOT NULL, -- id of the last event
    last_public_change_id uuid        NOT NULL, -- id of the last event that is not internal
    public_counts         integer[]   NOT NULL, -- of public comments: of agents, of customers, of the system
    internal_counts       integer[]   NOT NULL, -- of internal notes, likewise
    CONSTRAINT tickets_pkey PRIMARY KEY (shard, account_id, ticket_id)
) WITH (fillfactor = 70);
-- Lists of an account's tickets in the order of a time; of no use to look-ups, as
-- log.tickets_account_idx.
CREATE INDEX tickets_opened_idx ON threads.tickets ((account_id + 0), shard, opened_at, ticket_id);
CREATE INDEX tickets_updated_idx ON threads.tickets ((account_id + 0), shard, updated_at, ticket_id);

-- position is that of comment.created: the order of the thread. A deleted comment
-- has no row.
--
-- Its indexes begin with what they are asked for, ticket or comment. If all began with
-- the account, each would be of some use to every look-up, and to a planner that meets
-- the table while it is empty, as useful as the right one.
CREATE TABLE threads.comments (
    position    bigint      NOT NULL,
    number      bigint      NOT NULL,
    audit       bigint      NOT NULL, -- number of the write that made it
    created_at  timestamptz NOT NULL,
    updated_at  timestamptz NOT NULL,
    account_id  integer     NOT NULL,
    revision    integer     NOT NULL,
    flags       integer     NOT NULL, -- a bit for each
    shard       smallint    NOT NULL,
    author_type smallint    NOT NULL,
    channel     smallint    NOT NULL,
    public      boolean     NOT NULL,
    comment_id  uuid        NOT NULL,
    ticket_id   uuid        NOT NULL,
    author_id   uuid        NOT NULL,
    content_id  uuid,                 -- null: erased
    CONSTRAINT comments_pkey PRIMARY KEY (ticket_id, account_id, shard, position),
    CONSTRAINT comments_id_key UNIQUE (comment_id, account_id, shard)
) WITH (fillfactor = 90);

-- Numbers are unique across accounts. Of what the projector has not applied, the tail
-- is searched.
CREATE INDEX comments_number_idx ON threads.comments (number);

-- Those who may not see internal notes page through public comments without ever
-- touching a note: the number of notes must not cost them time. Notes stand in this
-- index below zero, so that it serves those who ask for notes only, too. Statements
-- that order by the expression can use no other index, whatever the statistics say.
CREATE INDEX comments_audience_idx
    ON threads.comments (ticket_id, account_id, shard, (CASE WHEN public THEN position ELSE -position END));
