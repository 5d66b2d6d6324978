-- Of some tickets, which are read through: ids of events have no index, and nothing but
-- those who have lost their place asks for them.
SELECT position, prev_in_partition, recorded_at, epoch, account_id, version, comment_previous,
       schema_version, internal, event_id, ticket_id, comment_id, type, data
  FROM log.events
 WHERE shard = $1 AND account_id = $2 AND ticket_id = ANY($3) AND event_id = ANY($4)
 ORDER BY position
