-- The events of an account that show in audits, in one direction, between two positions
-- that are not among them: $5 at least if there are so many, and then as many as there
-- are in the same 256 positions, which the index does not tell apart. What is written of
-- position keeps the planner from the index of all accounts. The columns are those of
-- ScanRecorded.
SELECT position, prev_in_partition, recorded_at, epoch, account_id, version, comment_previous,
       schema_version, internal, event_id, ticket_id, comment_id, type, data
  FROM (SELECT *
          FROM log.events
         WHERE shard = $1 AND account_id = $2
           AND position >> 8 >= $3::bigint >> 8 AND position >> 8 <= $4::bigint >> 8
           AND position + 0 > $3 AND position + 0 < $4
           AND type NOT IN ('comment.edited', 'comment.deleted', 'content.erased', 'obligation.completed', 'chat.entry_added', 'chat.redacted')
         ORDER BY {granule}
         FETCH FIRST ($5::bigint) ROWS WITH TIES) e
 ORDER BY {order}
