-- A time that no clock shows would not scan. Nor is it what was sealed.
SELECT position, prev_in_partition, CASE WHEN isfinite(recorded_at) THEN recorded_at ELSE 'epoch' END, epoch, account_id, version, comment_previous,
       schema_version, internal, event_id, ticket_id, comment_id, type, data
  FROM log.events
 WHERE shard = $1 AND position > $2
 ORDER BY position
 LIMIT $3
