-- The log is the truth of commentd: what happened, in one order, for ever.
--
-- Every table carries the shard in its key. One shard is used today; the key is
-- there from the first row so that a distributed Postgres can take over without
-- rewriting a log that may never be rewritten.
--
-- Columns stand widest first: alignment padding is paid per row, for ever.

-- +goose Up
CREATE SCHEMA log;

-- One row per shard. Whoever appends locks it to the end of the transaction, so
-- that the order of positions is the order of commits.
CREATE TABLE log.heads (
    position            bigint      NOT NULL DEFAULT 0,
    recorded_at         timestamptz NOT NULL DEFAULT '2000-01-01Z',
    epoch               integer     NOT NULL DEFAULT 1,
    shard               smallint    NOT NULL,
    -- last position in each of the 64 partitions of tickets
    partition_positions bigint[]    NOT NULL DEFAULT array_fill(0::bigint, ARRAY[64]),
    CONSTRAINT heads_pkey PRIMARY KEY (shard),
    CONSTRAINT heads_partitions_check CHECK (cardinality(partition_positions) = 64)
) WITH (fillfactor = 20);

INSERT INTO log.heads (shard) VALUES (0);

-- data holds the open part of an event, exactly as it was written: ids, types,
-- times and digests, never anything a person typed.
CREATE TABLE log.events (
    position          bigint      NOT NULL,
    prev_in_partition bigint      NOT NULL,
    recorded_at       timestamptz NOT NULL,
    epoch             integer     NOT NULL,
    account_id        integer     NOT NULL,
    version           integer     NOT NULL,
    comment_previous  integer     NOT NULL, -- version of the event before this one about the same comment; 0: there is none
    shard             smallint    NOT NULL,
    schema_version    smallint    NOT NULL,
    internal          boolean     NOT NULL, -- of no concern to those who may not see internal notes
    event_id          uuid        NOT NULL,
    ticket_id         uuid        NOT NULL,
    comment_id        uuid,
    type              text        NOT NULL,
    data              bytea       NOT NULL,
    CONSTRAINT events_pkey PRIMARY KEY (shard, position),
    CONSTRAINT events_stream_version_key UNIQUE (shard, account_id, ticket_id, version)
);
-- What an account has written, in the order of the log. The events of 256 positions have
-- one key, and equal keys share an entry's space: 11 bytes per event of a busy account,
-- where positions themselves would take 32. Who reads sorts within the 256. What no audit
-- shows is left out, so that nobody has to read over a year's erasures.
CREATE INDEX events_account_idx ON log.events (shard, account_id, (position >> 8))
    WHERE type NOT IN ('comment.edited', 'comment.deleted', 'content.erased', 'obligation.completed', 'chat.entry_added', 'chat.redacted');

-- The head of a ticket's stream: what a command about the ticket is decided on.
CREATE TABLE log.tickets (
    number         bigint   NOT NULL,
    account_id     integer  NOT NULL,
    version        integer  NOT NULL, -- of the stream's last event
    public_version integer  NOT NULL, -- of its last event that is not internal; 0: there is none
    comments       integer  NOT NULL, -- that were ever made
    revision       integer  NOT NULL, -- version to which the last command that changed a column below brought the stream
    shard          smallint NOT NULL,
    default_public boolean  NOT NULL,
    legal_hold     boolean  NOT NULL,
    ticket_id      uuid     NOT NULL,
    requester_id   uuid,
    subject_id     uuid,              -- content id
    status         text     NOT NULL,
    CONSTRAINT tickets_pkey PRIMARY KEY (shard, account_id, ticket_id)
) WITH (fillfactor = 80);
-- The Zendesk-compatible API knows tickets by their numbers. This is paid for once a
-- ticket. Comments are many, so their numbers are found in the read model. (Tickets that
-- come from elsewhere keep their numbers there: many accounts may have a number 1.)
CREATE INDEX tickets_number_idx ON log.tickets (number, account_id);
-- Lists of an account's tickets, and of a requester's. Nothing in them changes when a comment
-- is made. How the account and the number are written keeps look-ups from these indexes, and
-- lists from any other, whatever the planner knows of the rows.
CREATE INDEX tickets_account_idx ON log.tickets ((account_id + 0), shard, (number + 0));
CREATE INDEX tickets_requester_idx ON log.tickets (requester_id, account_id, shard, (number + 0));

-- The state of a comment: what a command about the comment is decided on. A chat has a
-- row here as well, for it is a thing of a ticket like a comment: see 0010_chats.sql.
CREATE TABLE log.comments (
    number      bigint   NOT NULL,
    account_id  integer  NOT NULL,
    revision    integer  NOT NULL, -- version of the last event about this comment
    shard       smallint NOT NULL,
    author_type smallint NOT NULL, -- 0: it is a chat, and author_id its visitor
    public      boolean  NOT NULL,
    deleted     boolean  NOT NULL,
    comment_id  uuid     NOT NULL,
    ticket_id   uuid     NOT NULL,
    author_id   uuid     NOT NULL,
    content_id  uuid,              -- null: erased, or nothing was said in the chat yet
    CONSTRAINT comments_pkey PRIMARY KEY (shard, account_id, comment_id)
) WITH (fillfactor = 90);
-- Those whose text an account's retention of deleted comments will end.
CREATE INDEX comments_deleted_idx ON log.comments (shard, account_id, comment_id) WHERE deleted AND content_id IS NOT NULL;

-- The one home of text: a row per version of a comment, sealed. Readers know the
-- account, ticket and comment that a content belongs to, and the seal checks it.
CREATE TABLE log.contents (
    bucket_id  bigint   NOT NULL, -- the key in keyring.buckets that wraps this row's data key
    shard      smallint NOT NULL,
    content_id uuid     NOT NULL,
    sealed     bytea    NOT NULL,
    CONSTRAINT contents_pkey PRIMARY KEY (shard, content_id)
);
-- Re-keying a bucket visits its contents. Equal keys share an index entry's
-- space, so that this costs a few bytes per row.
CREATE INDEX contents_bucket_idx ON log.contents (bucket_id);
ALTER TABLE log.contents ALTER COLUMN sealed SET STORAGE EXTERNAL; -- ciphertext does not compress

-- Keys under which no content may be sealed any more: they are about to be destroyed,
-- or they are. A key that comes back with an old backup of the keyring is known here.
CREATE TABLE log.retired_buckets (
    bucket_id  bigint      NOT NULL,
    retired_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT retired_buckets_pkey PRIMARY KEY (bucket_id)
);

-- What is owed after contents were removed: the keys that could open them have to be
-- destroyed. One row for each event that removed any.
CREATE TABLE log.obligations (
    position         bigint      NOT NULL, -- of the event
    recorded_at      timestamptz NOT NULL, -- of the event
    completed_at     timestamptz,
    key_destroyed_at timestamptz,
    account_id       integer     NOT NULL,
    shard            smallint    NOT NULL,
    ticket_id        uuid        NOT NULL,
    event_id         uuid        NOT NULL,
    bucket_ids       bigint[]    NOT NULL, -- the keys
    CONSTRAINT obligations_pkey PRIMARY KEY (shard, position),
    CONSTRAINT obligations_event_key UNIQUE (event_id),
    CONSTRAINT obligations_completed_check CHECK ((completed_at IS NULL) = (key_destroyed_at IS NULL))
);
CREATE INDEX obligations_open_idx ON log.obligations (shard, position) WHERE completed_at IS NULL;

-- What an Idempotency-Key has led to. receipt_id is a keyed digest of account,
-- principal and key; fingerprint one of the request, under a key that is
-- destroyed when the receipts it made have expired.
CREATE TABLE log.receipts (
    recorded_at timestamptz NOT NULL,
    shard       smallint    NOT NULL,
    receipt_id  uuid        NOT NULL,
    comment_id  uuid        NOT NULL,
    fingerprint bytea       NOT NULL,
    CONSTRAINT receipts_pkey PRIMARY KEY (shard, receipt_id)
);
-- Expiry looks for the oldest rows. New rows go to the right edge of this index.
CREATE INDEX receipts_recorded_at_idx ON log.receipts (recorded_at);

-- Public integer numbers (tickets, comments, audits, users) are drawn from blocks
-- of 1024 that an instance takes for one account at a time: see eventstore/numbers.go. Those
-- below ten million are drawn by nobody: tickets bring them with them from elsewhere.
CREATE SEQUENCE log.number_blocks START 9766 MAXVALUE 8796093022206; -- (2^53 / 1024) - 2

-- Whose the blocks are. Numbers that things bring with them from elsewhere are kept in
-- blocks that are reserved for that: nobody draws from them.
CREATE TABLE log.taken_blocks (
    block      bigint  NOT NULL, -- number / 1024
    account_id integer NOT NULL,
    reserved   boolean NOT NULL, -- else an instance has taken it to draw from it
    CONSTRAINT taken_blocks_pkey PRIMARY KEY (account_id, block)
);

-- Takes the next block that is not reserved.
-- +goose StatementBegin
CREATE FUNCTION log.take_block(_account integer) RETURNS bigint
LANGUAGE plpgsql
AS $$
DECLARE
    taken bigint;
BEGIN
    LOOP
        INSERT INTO log.taken_blocks (block, account_id, reserved)
        VALUES (nextval('log.number_blocks'), _account, false)
        ON CONFLICT ON CONSTRAINT taken_blocks_pkey DO NOTHING
        RETURNING block INTO taken;
        IF FOUND THEN
            RETURN taken;
        END IF;
    END LOOP;
END
$$;
-- +goose StatementEnd
