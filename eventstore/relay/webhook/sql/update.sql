-- What was changed is tried at once, and given as much time as what is new.
UPDATE webhooks.endpoints
   SET ticket_id = $2, types = $3, internal = $4, with_text = $5, strict = $6, off_because = $7, sealed = $8,
       updated_at = now(), generation = generation + 1, tries = 0, not_before = now(), failing_since = NULL
 WHERE endpoint_id = $1
RETURNING updated_at, failing_since;
