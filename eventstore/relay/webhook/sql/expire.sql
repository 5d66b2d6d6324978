-- Attempts and events that were given up are remembered for two weeks. So much at a time
-- that the statement is short; there is another one in a minute.
WITH attempts AS (
    DELETE FROM webhooks.attempts
     WHERE (endpoint_id, attempt_id) IN (
            SELECT endpoint_id, attempt_id FROM webhooks.attempts WHERE at < now() - interval '14 days' ORDER BY at LIMIT 5000)
)
DELETE FROM webhooks.late
 WHERE (endpoint_id, event_id) IN (
        SELECT endpoint_id, event_id FROM webhooks.late
         WHERE due_at IS NULL AND noted_at < now() - interval '14 days' ORDER BY noted_at LIMIT 5000);
