SELECT o.event_id, o.recorded_at, o.completed_at, o.account_id, o.ticket_id
  FROM unnest($2::bigint[]) AS k (position)
  JOIN log.obligations o ON o.shard = $1 AND o.position = k.position
