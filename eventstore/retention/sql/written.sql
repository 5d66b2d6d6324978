-- The events after $3 and up to $4 that may have brought texts into the accounts $2. Of
-- the columns of ScanRecorded.
SELECT position, prev_in_partition, recorded_at, epoch, account_id, version, comment_previous,
       schema_version, internal, event_id, ticket_id, comment_id, type, data
  FROM log.events
 WHERE shard = $1 AND position > $3 AND position <= $4 AND account_id = ANY ($2::integer[])
   AND type IN ('comment.created', 'comment.edited', 'chat.entry_added', 'ticket.opened', 'ticket.changed')
 ORDER BY position
