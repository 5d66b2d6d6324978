-- The events that say what a ticket was before version $4 of its stream: the last one
-- that told all of it, and what was erased since. The columns are those of ScanRecorded.
SELECT position, prev_in_partition, recorded_at, epoch, account_id, version, comment_previous,
       schema_version, internal, event_id, ticket_id, comment_id, type, data
  FROM log.events
 WHERE shard = $1 AND account_id = $2 AND ticket_id = $3 AND version < $4
   AND version >= (SELECT p.version FROM log.events p
                    WHERE p.shard = $1 AND p.account_id = $2 AND p.ticket_id = $3 AND p.version < $4
                      AND p.type IN ('ticket.opened', 'ticket.changed')
                    ORDER BY p.version DESC LIMIT 1)
   AND comment_id IS NULL AND type IN ('ticket.opened', 'ticket.changed', 'content.erased')
 ORDER BY version
