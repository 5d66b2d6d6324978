-- What of a user waits to be attached. What is written of the account is in the index that
-- is made for this, and in no other.
SELECT count(*), coalesce(sum(size), 0)
  FROM log.files
 WHERE shard = $1 AND account_id + 0 = $2 AND uploader_id = $3 AND expires_at > now()
