SELECT user_id, number, sealed IS NULL AND former_buckets = '{}' AND NOT active
  FROM directory.users
 WHERE account_id = $1
   AND number > $2
 ORDER BY number
 LIMIT $3;
