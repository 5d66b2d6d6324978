-- Destroyed keys whose bytes have not yet been looked for in vain. The first column
-- tells whether they still lie in the file of the table.
SELECT rewritten_at IS NULL, trace
  FROM keyring.buckets
 WHERE trace IS NOT NULL;
