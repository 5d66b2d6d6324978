SELECT endpoint_id, ticket_id, types, internal, with_text, strict, off_because, sealed, created_at, updated_at, failing_since
  FROM webhooks.endpoints
 WHERE shard = $1 AND account_id = $2
 ORDER BY endpoint_id;
