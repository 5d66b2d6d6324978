-- Nothing that happened before is sent.
INSERT INTO webhooks.endpoints (shard, account_id, endpoint_id, ticket_id, types, internal, with_text, strict, off_because, sealed, position)
SELECT $1, $2, $3, $4, $5, $6, $7, $8, $9, $10, (SELECT position FROM log.heads WHERE shard = $1)
 WHERE (SELECT count(*) FROM webhooks.endpoints WHERE shard = $1 AND account_id = $2) < $11::bigint
RETURNING created_at, updated_at;
