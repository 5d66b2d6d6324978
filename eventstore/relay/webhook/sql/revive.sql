UPDATE webhooks.late
   SET due_at = now(), tries = CASE WHEN due_at IS NULL THEN 0 ELSE tries END
 WHERE endpoint_id = $1 AND position > 0;
