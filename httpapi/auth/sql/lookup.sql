-- Whom a key stands for, if it is good. Expiry is judged by whoever uses the
-- answer, because the answer is kept for a while.
SELECT key_id, account_id, account_slug, user_id, role, kind, scopes, expires_at
  FROM directory.principals
 WHERE hash = $1
   AND revoked_at IS NULL
   AND active;
