   -- An internal event matters to those who may not see notes only if its comment is
   -- public by now, and then a later event has published it.
   AND (NOT e.internal OR e.comment_id IN (
           SELECT p.comment_id
             FROM log.events p
             JOIN log.comments l ON l.shard = p.shard AND l.account_id = p.account_id AND l.comment_id = p.comment_id AND l.public
            WHERE p.shard = $1 AND p.account_id = $2 AND p.ticket_id = $3 AND p.version > (SELECT version FROM base)
              AND NOT p.internal))
