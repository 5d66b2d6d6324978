UPDATE log.obligations
   SET completed_at = $3, key_destroyed_at = $4
 WHERE shard = $1 AND event_id = $2 AND completed_at IS NULL AND recorded_at <= $4
RETURNING position
