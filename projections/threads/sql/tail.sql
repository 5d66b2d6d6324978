-- The events of a ticket that its rows do not contain yet, as far as the audience may
-- know of them. The columns are those of ScanRecorded.
WITH base AS MATERIALIZED (
    SELECT CASE WHEN r.applied_version <= t.version THEN r.applied_version ELSE 0 END AS version
      FROM log.tickets t
      LEFT JOIN threads.tickets r ON r.shard = $1 AND r.account_id = $2 AND r.ticket_id = $3
     WHERE t.shard = $1 AND t.account_id = $2 AND t.ticket_id = $3
)
SELECT e.position, e.prev_in_partition, e.recorded_at, e.epoch, e.account_id, e.version, e.comment_previous,
       e.schema_version, e.internal, e.event_id, e.ticket_id, e.comment_id, e.type, e.data
  FROM log.events e
 WHERE e.shard = $1 AND e.account_id = $2 AND e.ticket_id = $3 AND e.version > (SELECT version FROM base)
   {audience}
 ORDER BY e.version
