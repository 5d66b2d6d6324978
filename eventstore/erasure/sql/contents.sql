-- Contents of shard $5 under a key, in order of their ids: no more of each than holds
-- its data key.
SELECT content_id, substring(sealed FROM 1 FOR $3)
  FROM log.contents
 WHERE bucket_id = $1 AND shard = $5 AND content_id > $2
 ORDER BY content_id
 LIMIT $4
