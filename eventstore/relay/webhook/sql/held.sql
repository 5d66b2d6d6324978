SELECT e.endpoint_id, e.generation,
       EXISTS (SELECT FROM webhooks.late l WHERE l.endpoint_id = e.endpoint_id AND l.due_at <= now()),
       e.failing_since IS NOT NULL
  FROM webhooks.endpoints e
 WHERE e.member_id = $1 AND e.off_because IS NULL;
