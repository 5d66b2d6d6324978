SELECT EXISTS (SELECT FROM webhooks.endpoints WHERE shard = $1 AND off_because IS NULL);
