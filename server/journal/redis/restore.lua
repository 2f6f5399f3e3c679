-- Make a session of events and commands that were built: 'new', or 'conflict': it exists.
--
-- KEYS: 1 session, 2 events, 3 commands, 4 all sessions, 5 living, 6 past, 7 token, 8 built events,
-- 9 built commands.
-- ARGV: 1 id, 2 channel, 3 life of the token in ms, 4 last seq, 5 and 6 walls, 7 is closed, 8 is
-- erased.

-- A write in either case: WAIT counts from this connection's last one.
if redis.call('PEXPIRE', KEYS[7], ARGV[3]) == 1 then
  return 'new'
end
if tonumber(redis.call('HGET', KEYS[1], 'last_seq') or '0') > 0 then
  return 'conflict'
end
local id, channel, token_ms, last_seq, created_wall, last_wall = unpack(ARGV, 1, 6)
if redis.call('EXISTS', KEYS[8]) == 0 then
  return 'gone'
end
redis.call('SET', KEYS[7], '1', 'PX', token_ms)
redis.call('PERSIST', KEYS[8])
redis.call('RENAME', KEYS[8], KEYS[2])
if redis.call('EXISTS', KEYS[9]) == 1 then
  redis.call('PERSIST', KEYS[9])
  redis.call('RENAME', KEYS[9], KEYS[3])
end
redis.call(
  'HSET', KEYS[1], 'last_seq', last_seq, 'created_wall', created_wall, 'last_wall', last_wall,
  'is_closed', ARGV[7], 'is_erased', ARGV[8]
)
redis.call('ZADD', KEYS[4], created_wall, id)
redis.call('ZADD', ARGV[7] == '1' and KEYS[6] or KEYS[5], created_wall, id)
redis.call('PUBLISH', channel, last_seq)
return 'new'
