SELECT c.content_id, c.bucket_id, c.sealed
  FROM unnest($2::uuid[]) AS k (content_id)
  JOIN log.contents c ON c.shard = $1 AND c.content_id = k.content_id
