-- Another file of an upload, which expires with the others. The share of a row holds back
-- who would attach them meanwhile (log.append): that one will count this file, too.
WITH others AS (
    SELECT o.expires_at
      FROM log.files o
     WHERE o.shard = $1 AND o.upload = $4 AND o.account_id = $2 AND o.uploader_id = $3 AND o.expires_at > now()
     ORDER BY o.number
     LIMIT 1
       FOR SHARE
)
INSERT INTO log.files (shard, account_id, uploader_id, upload, number, size, blob_id, sealed, expires_at)
SELECT $1, $2, $3, $4, f.number, f.size, f.blob_id, f.sealed, o.expires_at
  FROM others o, unnest($5::bigint[], $6::bigint[], $7::uuid[], $8::bytea[]) AS f (number, size, blob_id, sealed)
