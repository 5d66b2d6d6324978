-- The events of a comment after version $5 of its ticket, from the last one back along
-- the chain that they form: it costs what they are, however long the thread. Of the
-- columns of ScanRecorded.
WITH RECURSIVE chain AS (
    SELECT e.*
      FROM log.comments l
     CROSS JOIN LATERAL (
           SELECT * FROM log.events e
            WHERE e.shard = $1 AND e.account_id = $2 AND e.ticket_id = $3 AND e.version = l.revision AND e.version > $5
           OFFSET 0) e
     WHERE l.shard = $1 AND l.account_id = $2 AND l.comment_id = $4 AND l.ticket_id = $3
    UNION ALL
    SELECT e.*
      FROM chain c
     CROSS JOIN LATERAL (
           SELECT * FROM log.events e
            WHERE e.shard = $1 AND e.account_id = $2 AND e.ticket_id = $3 AND e.version = c.comment_previous AND e.version > $5
           OFFSET 0) e
)
SELECT position, prev_in_partition, recorded_at, epoch, account_id, version, comment_previous,
       schema_version, internal, event_id, ticket_id, comment_id, type, data
  FROM chain
 ORDER BY version
