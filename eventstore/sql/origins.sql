-- How far the stream of a ticket has come, beside each of its events that tells where it
-- comes from; nulls beside it if none does.
SELECT t.version, e.type, e.schema_version, e.data, e.comment_id
  FROM log.tickets t
  LEFT JOIN LATERAL (
       SELECT * FROM log.events e
        WHERE e.shard = $1 AND e.account_id = $2 AND e.ticket_id = $3 AND position('"origin":'::bytea IN e.data) > 0
       OFFSET 0) e ON true
 WHERE t.shard = $1 AND t.account_id = $2 AND t.ticket_id = $3
