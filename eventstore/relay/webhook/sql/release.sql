UPDATE webhooks.endpoints
   SET member_id = NULL
 WHERE endpoint_id = ANY ($2::uuid[]) AND member_id = $1;
