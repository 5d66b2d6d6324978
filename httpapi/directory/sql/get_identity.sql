SELECT user_id, role, active
  FROM directory.users
 WHERE account_id = $1
   AND email_digest = $2;
