-- Endpoints of an account are made one at a time, so that there are never more than it may
-- have. The statement after this one sees those that others have made.
SELECT pg_advisory_xact_lock(hashtext('webhooks'), $1::integer);
