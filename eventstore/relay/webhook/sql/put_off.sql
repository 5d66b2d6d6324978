INSERT INTO webhooks.late AS l (endpoint_id, due_at, position, tries, event_id)
SELECT $1, now() + n.wait * interval '1 second', n.position, n.tries, n.event
  FROM unnest($2::float8[], $3::bigint[], $4::integer[], $5::uuid[]) AS n (wait, position, tries, event)
ON CONFLICT (endpoint_id, event_id) DO UPDATE SET due_at = excluded.due_at, tries = excluded.tries;
