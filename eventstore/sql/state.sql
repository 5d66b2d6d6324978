-- What a command is decided on: the ticket's head, the row of the comment or chat, and
-- the texts they name, in one snapshot. Always one row; what is not there is null.
SELECT t.revision, t.number, t.status, t.requester_id, t.subject_id, t.default_public, t.legal_hold, t.comments,
       s.bucket_id, s.sealed,
       c.revision, c.number, c.author_type, c.author_id, c.public, c.deleted, c.content_id,
       x.bucket_id, x.sealed, h.entries, h.ended
  FROM (VALUES (1)) AS always
  LEFT JOIN log.tickets t ON t.shard = $1 AND t.account_id = $2 AND t.ticket_id = $3
  LEFT JOIN log.contents s ON s.shard = $1 AND s.content_id = t.subject_id
  LEFT JOIN log.comments c ON c.shard = $1 AND c.account_id = $2 AND c.comment_id = $4 AND c.ticket_id = $3
  LEFT JOIN log.contents x ON x.shard = $1 AND x.content_id = c.content_id
  LEFT JOIN log.chats h ON h.shard = $1 AND h.account_id = $2 AND h.chat_id = c.comment_id AND c.author_type = 0
