SELECT user_id, number, role, active, created_at, updated_at, bucket_id, sealed
  FROM directory.users
 WHERE account_id = $1
   AND email_digest = ANY ($2)
 ORDER BY number;
