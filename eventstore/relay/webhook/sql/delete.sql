DELETE FROM webhooks.endpoints
 WHERE shard = $1 AND account_id = $2 AND endpoint_id = $3;
