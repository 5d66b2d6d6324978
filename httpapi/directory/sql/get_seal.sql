SELECT bucket_id, sealed
  FROM directory.users
 WHERE account_id = $1 AND user_id = $2;
