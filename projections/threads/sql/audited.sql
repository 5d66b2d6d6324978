-- The events of a ticket that show in its audits, in one direction from a version. The
-- columns are those of ScanRecorded.
SELECT position, prev_in_partition, recorded_at, epoch, account_id, version, comment_previous,
       schema_version, internal, event_id, ticket_id, comment_id, type, data
  FROM log.events
 WHERE shard = $1 AND account_id = $2 AND ticket_id = $3 AND version {from} $4
   AND type IN ('ticket.opened', 'ticket.changed', 'comment.created', 'comment.made_private', 'comment.made_public', 'comment.redacted',
                'chat.started', 'chat.ended')
 ORDER BY {order}
 LIMIT $5
