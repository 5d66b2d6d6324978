SELECT log.retire_buckets($1);
