-- The cursor comes by again.
DELETE FROM webhooks.late
 WHERE endpoint_id = $1 AND position > $2;
