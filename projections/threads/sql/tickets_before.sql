-- The events that say what some tickets were before a version of each: the last one that
-- told all of it, and what was erased since. The columns are those of ScanRecorded.
SELECT e.position, e.prev_in_partition, e.recorded_at, e.epoch, e.account_id, e.version, e.comment_previous,
       e.schema_version, e.internal, e.event_id, e.ticket_id, e.comment_id, e.type, e.data
  FROM unnest($3::uuid[], $4::integer[]) AS k (ticket_id, version)
 CROSS JOIN LATERAL (
       SELECT p.version FROM log.events p
        WHERE p.shard = $1 AND p.account_id = $2 AND p.ticket_id = k.ticket_id AND p.version < k.version
          AND p.type IN ('ticket.opened', 'ticket.changed')
        ORDER BY p.version DESC LIMIT 1) p
 CROSS JOIN LATERAL (
       SELECT * FROM log.events e
        WHERE e.shard = $1 AND e.account_id = $2 AND e.ticket_id = k.ticket_id AND e.version >= p.version AND e.version < k.version
          AND e.comment_id IS NULL AND e.type IN ('ticket.opened', 'ticket.changed', 'content.erased')
       OFFSET 0) e
 ORDER BY e.ticket_id, e.version
