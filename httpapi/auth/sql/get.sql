SELECT key_id, account_id, account_slug, user_id, role, kind, scopes, label, hint, created_at, expires_at, revoked_at
  FROM directory.principals
 WHERE hash = $1;
