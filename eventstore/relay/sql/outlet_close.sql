-- Its readers go at once: whether they would be there when it is opened again must not
-- depend on whether somebody has removed it by then.
WITH closed AS (
    UPDATE outlets.outlets SET closed_at = now()
     WHERE shard = $1 AND account_id = $2 AND ($3 = '' OR audience = $3) AND closed_at IS NULL
    RETURNING shard, account_id, audience
), expelled AS (
    DELETE FROM outlets.readers r USING closed c
     WHERE r.shard = c.shard AND r.account_id = c.account_id AND r.audience = c.audience
)
SELECT FROM closed
