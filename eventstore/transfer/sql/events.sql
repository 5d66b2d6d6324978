INSERT INTO log.events (shard, position, prev_in_partition, recorded_at, epoch, account_id, version, comment_previous, schema_version, internal,
                        event_id, ticket_id, comment_id, type, data)
SELECT $1, e.*
  FROM unnest($2::bigint[], $3::bigint[], $4::timestamptz[], $5::integer[], $6::integer[], $7::integer[], $8::integer[], $9::smallint[],
              $10::boolean[], $11::uuid[], $12::uuid[], $13::uuid[], $14::text[], $15::bytea[]) AS e
