-- The tables as the migrations make them, for a version of the read model that is
-- being built: what they are for is told there. Indexes come when the rows are in.
CREATE TABLE threads.tickets (
    opened_at             timestamptz NOT NULL,
    updated_at            timestamptz NOT NULL,
    public_updated_at     timestamptz NOT NULL,
    last_audit            bigint      NOT NULL,
    account_id            integer     NOT NULL,
    audits                integer     NOT NULL,
    applied_version       integer     NOT NULL,
    shard                 smallint    NOT NULL,
    ticket_id             uuid        NOT NULL,
    last_change_id        uuid        NOT NULL,
    last_public_change_id uuid        NOT NULL,
    public_counts         integer[]   NOT NULL,
    internal_counts       integer[]   NOT NULL
) WITH (fillfactor = 70);

CREATE TABLE threads.comments (
    position    bigint      NOT NULL,
    number      bigint      NOT NULL,
    audit       bigint      NOT NULL,
    created_at  timestamptz NOT NULL,
    updated_at  timestamptz NOT NULL,
    account_id  integer     NOT NULL,
    revision    integer     NOT NULL,
    flags       integer     NOT NULL,
    shard       smallint    NOT NULL,
    author_type smallint    NOT NULL,
    channel     smallint    NOT NULL,
    public      boolean     NOT NULL,
    comment_id  uuid        NOT NULL,
    ticket_id   uuid        NOT NULL,
    author_id   uuid        NOT NULL,
    content_id  uuid
) WITH (fillfactor = 90);
