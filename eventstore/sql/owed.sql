SELECT EXISTS (SELECT FROM log.obligations WHERE event_id = $1 AND completed_at IS NULL)
