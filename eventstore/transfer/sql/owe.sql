-- The keys that the texts had elsewhere are not here. Those that they had here are retired.
INSERT INTO log.obligations (shard, position, recorded_at, account_id, ticket_id, event_id, bucket_ids)
VALUES ($1, $2, $3, $4, $5, $6, '{}')
