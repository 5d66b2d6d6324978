SELECT key_id, account_id, user_id, kind, hash, hint, label, scopes, created_at, expires_at, revoked_at
  FROM directory.keys
 WHERE account_id = $1
 ORDER BY created_at, key_id;
