WITH waiting AS (
    SELECT event_id FROM webhooks.late WHERE endpoint_id = $1 AND position = 0 LIMIT 1
), made AS (
    INSERT INTO webhooks.late (endpoint_id, event_id, due_at, position, tries)
    SELECT $1, $2, now(), 0, 0 WHERE NOT EXISTS (SELECT FROM waiting)
    RETURNING event_id
)
SELECT event_id FROM waiting
 UNION ALL
SELECT event_id FROM made;
