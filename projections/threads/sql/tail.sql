-- The events of a ticket that its rows do not contain yet, but for those that the
-- audience may not know of: an internal event matters to those who may not see notes
-- only if its comment is public by now. The columns are those of ScanRecorded.
SELECT position, prev_in_partition, recorded_at, epoch, account_id, version,
       schema_version, internal, event_id, ticket_id, comment_id, type, data
  FROM log.events e
 WHERE e.shard = $1 AND e.account_id = $2 AND e.ticket_id = $3
   AND e.version > coalesce((
           SELECT r.applied_version
             FROM log.tickets t
             JOIN threads.tickets r ON r.shard = t.shard AND r.account_id = t.account_id AND r.ticket_id = t.ticket_id
            WHERE t.shard = $1 AND t.account_id = $2 AND t.ticket_id = $3 AND r.applied_version <= t.version), 0)
   {audience}
 ORDER BY e.version
