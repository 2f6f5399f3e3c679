-- Return one field (ARGV[1]) of a hash (KEYS[1]).

return redis.call('HGET', KEYS[1], ARGV[1])
