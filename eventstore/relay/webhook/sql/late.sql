SELECT event_id, position, tries
  FROM webhooks.late
 WHERE endpoint_id = $1 AND due_at <= now() AND (position = 0 OR NOT $3::boolean)
 ORDER BY due_at
 LIMIT $2;
