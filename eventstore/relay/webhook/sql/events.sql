-- The columns of ScanRecorded.
SELECT position, prev_in_partition, recorded_at, epoch, account_id, version, comment_previous,
       schema_version, internal, event_id, ticket_id, comment_id, type, data
  FROM log.events
 WHERE shard = $1 AND position = ANY ($2::bigint[]);
