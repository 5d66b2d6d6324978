-- A part of the tickets, by a hash that is Postgres' own: nobody else needs to know
-- which tickets that are. The columns are those of ScanRecorded.
SELECT position, prev_in_partition, recorded_at, epoch, account_id, version, comment_previous,
       schema_version, internal, event_id, ticket_id, comment_id, type, data
  FROM log.events
 WHERE shard = $1 AND position > $2 AND position <= $3
   AND ($5 = 1 OR (uuid_hash(ticket_id)::bigint & 2147483647) % $5::bigint = $4::bigint)
 ORDER BY position
