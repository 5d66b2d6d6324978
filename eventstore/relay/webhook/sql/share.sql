-- How many endpoints are for each member.
SELECT ceil((SELECT count(*) FROM webhooks.endpoints WHERE shard = $1 AND off_because IS NULL)::float8
          / greatest((SELECT count(*) FROM webhooks.members), 1))::integer;
