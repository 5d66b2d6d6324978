SELECT blob_id FROM log.files WHERE blob_id = ANY ($1::uuid[])
