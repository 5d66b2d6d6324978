-- A page of a thread and the state of its ticket, in one snapshot: first the ticket's
-- row, then the page. The names in braces are replaced, once per audience, visibility
-- and direction, so that each variant reads an index in order and nothing besides.
--
-- applied is null if the read model has nothing to say of the ticket. That the
-- joins are LATERAL and OFFSET 0 keeps the planner from reading contents in any
-- other way than one by one, for the rows of the page.
SELECT t.{version}, CASE WHEN r.applied_version <= t.version THEN r.applied_version END AS applied,
       r.{change}, r.{updated_at}, r.public_counts, {internal_counts},
       NULL::bigint AS position, NULL::bigint, NULL::timestamptz, NULL::timestamptz, NULL::integer, NULL::smallint,
       NULL::boolean, NULL::uuid, NULL::uuid, NULL::uuid, NULL::bigint, NULL::bytea, NULL::bigint, NULL::smallint, NULL::integer,
       t.requester_id
  FROM log.tickets t
  LEFT JOIN threads.tickets r ON r.shard = $1 AND r.account_id = $2 AND r.ticket_id = $3
 WHERE t.shard = $1 AND t.account_id = $2 AND t.ticket_id = $3
   AND ($4::uuid IS NULL OR t.requester_id = $4)
UNION ALL
SELECT NULL, NULL, NULL, NULL, NULL, NULL,
       c.position, c.number, c.created_at, c.updated_at, c.revision, c.author_type,
       c.public, c.comment_id, c.author_id, c.content_id, k.bucket_id, k.sealed, c.audit, c.channel, c.flags,
       NULL
  FROM (SELECT *
          FROM threads.comments
         WHERE shard = $1 AND account_id = $2 AND ticket_id = $3 AND {between}
           AND ($7 = 0::smallint OR author_type = $7 OR $7 < 0::smallint AND author_type <> -$7)
         ORDER BY {order}
         LIMIT $8) c
  LEFT JOIN LATERAL (SELECT bucket_id, sealed FROM log.contents WHERE shard = $1 AND content_id = c.content_id OFFSET 0) k ON true
