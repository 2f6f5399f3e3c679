-- Return events as one packed string (MessagePack), which is quicker to take in than a thousand
-- small ones: [[id, ['h', head, 'b', body]], …].
--
-- KEYS: 1 events. ARGV: 1 and 2 first and last id, 3 how many at most.

return cmsgpack.pack(redis.call('XRANGE', KEYS[1], ARGV[1], ARGV[2], 'COUNT', ARGV[3]))
