-- The files of an upload, in the order in which they came.
SELECT number, sealed, expires_at
  FROM log.files
 WHERE shard = $1 AND upload = $4 AND account_id = $2 AND uploader_id = $3 AND expires_at > now()
 ORDER BY added_at, number
