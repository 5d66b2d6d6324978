SELECT attempt_id, at, position, event_id, type, try, outcome, status, duration_ms
  FROM webhooks.attempts
 WHERE endpoint_id = $1 AND ($2::bigint = 0 OR attempt_id < $2)
 ORDER BY attempt_id DESC
 LIMIT $3;
