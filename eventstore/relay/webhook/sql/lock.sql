-- Whoever delivers waits for the change, and then sees by the generation that there was one.
SELECT endpoint_id, ticket_id, types, internal, with_text, strict, off_because, sealed, created_at, updated_at, failing_since
  FROM webhooks.endpoints
 WHERE shard = $1 AND account_id = $2 AND endpoint_id = $3
   FOR UPDATE;
