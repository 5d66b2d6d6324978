-- When the keys were destroyed that events have left to be destroyed.
SELECT event_id, key_destroyed_at
  FROM log.obligations
 WHERE event_id = ANY ($1::uuid[]) AND key_destroyed_at IS NOT NULL
