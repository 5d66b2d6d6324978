-- A page of an account's comments and chats, whoever wrote them: a page of one author's alone could
-- take however long it takes to find them.
SELECT ticket_id, comment_id, author_id, author_type = 0, content_id IS NULL
  FROM log.comments
 WHERE shard = $1 AND account_id = $2 AND comment_id > $3
 ORDER BY comment_id
 LIMIT $4
