UPDATE log.files SET expires_at = now()
 WHERE shard = $1 AND upload = $4 AND account_id = $2 AND uploader_id = $3 AND expires_at > now()
