-- Never forward: nobody loses what was not sent by asking for what was.
UPDATE webhooks.endpoints
   SET position = least(position, $2), generation = generation + 1, tries = 0, not_before = now()
 WHERE endpoint_id = $1;
