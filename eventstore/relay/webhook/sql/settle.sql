-- Only who holds the endpoint as it is may say how far it has come. Days without a single
-- success switch it off.
UPDATE webhooks.endpoints
   SET position = $4, tries = $5, not_before = now() + $6::float8 * interval '1 second',
       failing_since = CASE WHEN $7::boolean THEN NULL WHEN $8::boolean THEN coalesce(failing_since, now()) ELSE failing_since END,
       off_because = CASE WHEN $9::boolean THEN 'gone'
                          WHEN $8 AND NOT $7 AND failing_since < now() - $10::float8 * interval '1 second' THEN 'failing' END
 WHERE endpoint_id = $1 AND member_id = $2 AND generation = $3 AND off_because IS NULL
RETURNING off_because;
