-- A bucket is of one account: within it the id of a user is enough.
SELECT user_id, substring(sealed FROM 1 FOR $3)
  FROM directory.users
 WHERE bucket_id = $1 AND user_id > $2
 ORDER BY user_id
 LIMIT $4;
