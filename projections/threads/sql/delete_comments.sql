DELETE FROM threads.comments
 WHERE ctid = ANY (ARRAY (
       SELECT c.ctid
         FROM unnest($2::integer[], $3::uuid[]) AS k (account_id, comment_id)
        CROSS JOIN LATERAL (
              SELECT c.ctid FROM threads.comments c
               WHERE c.shard = $1 AND c.account_id = k.account_id AND c.comment_id = k.comment_id
              OFFSET 0) c))
