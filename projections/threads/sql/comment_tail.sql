-- The events of one comment between two versions of its ticket. The columns are those
-- of ScanRecorded.
SELECT position, prev_in_partition, recorded_at, epoch, account_id, version, comment_previous,
       schema_version, internal, event_id, ticket_id, comment_id, type, data
  FROM log.events
 WHERE shard = $1 AND account_id = $2 AND ticket_id = $3 AND version > $5 AND version <= $6 AND comment_id = $4
 ORDER BY version
