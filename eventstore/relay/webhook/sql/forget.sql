DELETE FROM webhooks.endpoints
 WHERE account_id = $1;
