   -- An internal event matters to those who may not see notes only if its comment is
   -- public by now, and then a later event has published it.
   AND (NOT e.internal OR e.comment_id IN (
           SELECT p.comment_id
             FROM log.events p
            WHERE p.shard = $1 AND p.account_id = $2 AND p.ticket_id = $3 AND p.version > (SELECT version FROM base)
              AND NOT p.internal AND p.comment_id IS NOT NULL
              AND (SELECT l.public FROM log.comments l
                    WHERE l.shard = $1 AND l.account_id = $2 AND l.comment_id = p.comment_id)))
