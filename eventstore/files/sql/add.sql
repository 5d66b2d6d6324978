-- The first file of an upload, and its thumbnails.
INSERT INTO log.files (shard, account_id, uploader_id, upload, number, size, blob_id, sealed, expires_at)
SELECT $1, $2, $3, $4, f.number, f.size, f.blob_id, f.sealed, now() + $9::interval
  FROM unnest($5::bigint[], $6::bigint[], $7::uuid[], $8::bytea[]) AS f (number, size, blob_id, sealed)
