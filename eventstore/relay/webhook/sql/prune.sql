-- The newest are kept.
DELETE FROM webhooks.attempts
 WHERE endpoint_id = $1
   AND attempt_id <= (SELECT attempt_id FROM webhooks.attempts WHERE endpoint_id = $1 ORDER BY attempt_id DESC OFFSET $2::bigint LIMIT 1);
