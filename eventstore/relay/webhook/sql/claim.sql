UPDATE webhooks.endpoints
   SET member_id = $2
 WHERE endpoint_id IN (
        SELECT endpoint_id
          FROM webhooks.endpoints
         WHERE member_id IS NULL AND off_because IS NULL AND shard = $1
         LIMIT $3
           FOR UPDATE SKIP LOCKED);
