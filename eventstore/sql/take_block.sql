SELECT log.take_block($1)
