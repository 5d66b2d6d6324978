WITH comments AS (
    DELETE FROM threads.comments WHERE shard = $1 AND account_id = $2 AND ticket_id = $3
)
DELETE FROM threads.tickets WHERE shard = $1 AND account_id = $2 AND ticket_id = $3
