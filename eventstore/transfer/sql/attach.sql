-- Later versions of a comment name the files of earlier ones. One that a redaction has left,
-- and whose text is not known because another redaction came after it, is there again.
INSERT INTO log.files (shard, account_id, ticket_id, comment_id, number, size, blob_id)
SELECT $1, $2, $3, $4, f.number, f.size, f.blob_id
  FROM unnest($5::bigint[], $6::bigint[], $7::uuid[]) AS f (number, size, blob_id)
    ON CONFLICT ON CONSTRAINT files_pkey DO UPDATE SET removed_at_position = NULL
 WHERE log.files.account_id = excluded.account_id AND log.files.comment_id = excluded.comment_id
