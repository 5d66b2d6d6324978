-- One statement makes one index; they are made side by side.
CREATE UNIQUE INDEX IF NOT EXISTS comments_pkey ON threads.comments (ticket_id, account_id, shard, position);

CREATE UNIQUE INDEX IF NOT EXISTS comments_id_key ON threads.comments (comment_id, account_id, shard);

CREATE INDEX IF NOT EXISTS comments_number_idx ON threads.comments (number);

CREATE INDEX IF NOT EXISTS comments_audience_idx
    ON threads.comments (ticket_id, account_id, shard, (CASE WHEN public THEN position ELSE -position END));

CREATE UNIQUE INDEX IF NOT EXISTS tickets_pkey ON threads.tickets (shard, account_id, ticket_id);

CREATE INDEX IF NOT EXISTS tickets_opened_idx ON threads.tickets ((account_id + 0), shard, opened_at, ticket_id);

CREATE INDEX IF NOT EXISTS tickets_updated_idx ON threads.tickets ((account_id + 0), shard, updated_at, ticket_id);
