-- Nothing is stored under a key that is retired: the head is locked, so that none is
-- meanwhile.
INSERT INTO log.contents (shard, content_id, bucket_id, sealed)
SELECT $1, c.id, c.bucket, c.sealed
  FROM unnest($2::uuid[], $3::bigint[], $4::bytea[]) AS c (id, bucket, sealed)
 WHERE NOT EXISTS (SELECT FROM log.retired_buckets b WHERE b.bucket_id = c.bucket)
