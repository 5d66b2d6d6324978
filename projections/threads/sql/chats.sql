-- The events of some chats, each of the ticket beside it, chat by chat and in order: read
-- as chains.sql reads those of comments. The columns are those of ScanRecorded.
WITH RECURSIVE chain AS (
    SELECT e.*
      FROM unnest($3::uuid[], $4::uuid[]) AS k (ticket_id, chat_id)
     CROSS JOIN LATERAL (
           SELECT l.revision FROM log.comments l
            WHERE l.shard = $1 AND l.account_id = $2 AND l.comment_id = k.chat_id AND l.ticket_id = k.ticket_id AND l.author_type = 0
           OFFSET 0) l
     CROSS JOIN LATERAL (
           SELECT * FROM log.events e
            WHERE e.shard = $1 AND e.account_id = $2 AND e.ticket_id = k.ticket_id AND e.version = l.revision
           OFFSET 0) e
    UNION ALL
    SELECT e.*
      FROM chain c
     CROSS JOIN LATERAL (
           SELECT * FROM log.events e
            WHERE e.shard = $1 AND e.account_id = $2 AND e.ticket_id = c.ticket_id AND e.version = c.comment_previous
           OFFSET 0) e
)
SELECT position, prev_in_partition, recorded_at, epoch, account_id, version, comment_previous,
       schema_version, internal, event_id, ticket_id, comment_id, type, data
  FROM chain
 ORDER BY comment_id, version
