-- What else a comment has never changes. An update with a join might be planned from
-- the wrong side; this looks each comment up.
INSERT INTO threads.comments AS c (shard, account_id, ticket_id, comment_id, position, number, created_at, updated_at, revision,
                                   author_type, author_id, public, content_id, audit, channel, flags)
SELECT $1, k.account_id, k.ticket_id, k.comment_id, k.position, k.number, k.created_at, k.updated_at, k.revision,
       k.author_type, k.author_id, k.public, k.content_id, k.audit, k.channel, k.flags
  FROM unnest($2::integer[], $3::uuid[], $4::uuid[], $5::bigint[], $6::bigint[], $7::timestamptz[], $8::timestamptz[],
              $9::integer[], $10::smallint[], $11::uuid[], $12::boolean[], $13::uuid[],
              $14::bigint[], $15::smallint[], $16::integer[])
       AS k (account_id, ticket_id, comment_id, position, number, created_at, updated_at, revision,
             author_type, author_id, public, content_id, audit, channel, flags)
ON CONFLICT ON CONSTRAINT comments_id_key DO UPDATE
   SET updated_at = excluded.updated_at, revision = excluded.revision, public = excluded.public, content_id = excluded.content_id
