-- The events of some comments of a ticket, comment by comment and in order: from the
-- last event of each back along the chain that they form. It costs what these comments
-- have been through, whatever else has happened on the ticket. $5: only of comments that
-- customers may see today. The columns are those of ScanRecorded.
WITH RECURSIVE chain AS (
    SELECT e.*
      FROM unnest($4::uuid[]) AS k (comment_id)
     CROSS JOIN LATERAL (
           SELECT l.revision FROM log.comments l
            WHERE l.shard = $1 AND l.account_id = $2 AND l.comment_id = k.comment_id AND l.ticket_id = $3
              AND (NOT $5::boolean OR l.public AND NOT l.deleted)
           OFFSET 0) l
     CROSS JOIN LATERAL (
           SELECT * FROM log.events e
            WHERE e.shard = $1 AND e.account_id = $2 AND e.ticket_id = $3 AND e.version = l.revision
           OFFSET 0) e
    UNION ALL
    SELECT e.*
      FROM chain c
     CROSS JOIN LATERAL (
           SELECT * FROM log.events e
            WHERE e.shard = $1 AND e.account_id = $2 AND e.ticket_id = $3 AND e.version = c.comment_previous
           OFFSET 0) e
)
SELECT position, prev_in_partition, recorded_at, epoch, account_id, version, comment_previous,
       schema_version, internal, event_id, ticket_id, comment_id, type, data
  FROM chain
 ORDER BY comment_id, version
