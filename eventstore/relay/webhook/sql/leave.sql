DELETE FROM webhooks.members
 WHERE member_id = $1;
