SELECT endpoint_id, ticket_id, types, internal, with_text, strict, sealed, account_id, generation, position, tries,
       greatest(extract(epoch FROM not_before - now()), 0)::float8,
       (SELECT count(*) FROM webhooks.late l WHERE l.endpoint_id = e.endpoint_id AND l.due_at IS NOT NULL AND l.position > 0)::integer
  FROM webhooks.endpoints e
 WHERE endpoint_id = $1 AND member_id = $2 AND off_because IS NULL;
