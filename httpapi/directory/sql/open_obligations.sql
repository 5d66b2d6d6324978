SELECT count(*)
  FROM directory.obligations
 WHERE account_id = $1 AND key_destroyed_at IS NULL;
