-- What the dead held is free (endpoints_member_fkey). Members do not wait for each other.
DELETE FROM webhooks.members
 WHERE member_id IN (SELECT member_id FROM webhooks.members WHERE alive_until < now() FOR UPDATE SKIP LOCKED);
