INSERT INTO webhooks.members AS m (member_id, alive_until)
VALUES ($1, now() + $2::float8 * interval '1 second')
ON CONFLICT (member_id) DO UPDATE SET alive_until = excluded.alive_until;
