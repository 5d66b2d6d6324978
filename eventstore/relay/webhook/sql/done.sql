DELETE FROM webhooks.late
 WHERE endpoint_id = $1 AND event_id = ANY ($2::uuid[]);
