INSERT INTO log.comments (shard, account_id, comment_id, ticket_id, number, revision, author_type, author_id, public, deleted, content_id)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)
    ON CONFLICT ON CONSTRAINT comments_pkey DO UPDATE
   SET revision = excluded.revision, public = excluded.public, deleted = excluded.deleted, content_id = excluded.content_id
