SELECT count(*)
  FROM directory.obligations
 WHERE account_id = $1 AND completed_at IS NULL;
