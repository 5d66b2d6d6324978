INSERT INTO webhooks.attempts (endpoint_id, at, position, try, duration_ms, status, event_id, type, outcome)
SELECT $1, n.*
  FROM unnest($2::timestamptz[], $3::bigint[], $4::integer[], $5::integer[], $6::smallint[], $7::uuid[], $8::text[], $9::text[]) AS n;
