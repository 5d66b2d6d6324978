-- Rows of a shard that does not exist are seen by nobody.
WITH others AS (
    SELECT 'log.events' AS name, format('position %s', position) AS key, shard FROM log.events WHERE shard <> $1
    UNION ALL SELECT 'log.tickets', format('account %s ticket %s', account_id, ticket_id), shard FROM log.tickets WHERE shard <> $1
    UNION ALL SELECT 'log.comments', format('account %s comment %s', account_id, comment_id), shard FROM log.comments WHERE shard <> $1
    UNION ALL SELECT 'log.chats', format('account %s chat %s', account_id, chat_id), shard FROM log.chats WHERE shard <> $1
    UNION ALL SELECT 'log.contents', format('content %s', content_id), shard FROM log.contents WHERE shard <> $1
    UNION ALL SELECT 'log.files', format('file %s', number), shard FROM log.files WHERE shard <> $1
    UNION ALL SELECT 'log.receipts', format('receipt %s', receipt_id), shard FROM log.receipts WHERE shard <> $1
    UNION ALL SELECT 'log.obligations', format('position %s', position), shard FROM log.obligations WHERE shard <> $1
    UNION ALL SELECT 'audit.tiles', format('generation %s level %s tile %s', generation, level, tile), shard FROM audit.tiles WHERE shard <> $1
    UNION ALL SELECT 'audit.heads', format('generation %s size %s', generation, size), shard FROM audit.heads WHERE shard <> $1
)
SELECT o.name, o.key, format('of shard %s, which does not exist', o.shard)
  FROM others o
 WHERE NOT EXISTS (SELECT FROM log.heads h WHERE h.shard = o.shard)
