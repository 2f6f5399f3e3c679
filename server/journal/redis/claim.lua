-- Take or renew a lease: {1, epoch}, or {0, holder} when somebody else has it.
--
-- KEYS: 1 lease, 2 session. ARGV: 1 holder, 2 life in ms, by Redis's own clock.

local holder, life_ms = ARGV[1], ARGV[2]
local held_by = redis.call('GET', KEYS[1])
if held_by and held_by ~= holder then
  return {0, held_by}
end
local known = redis.call('HMGET', KEYS[2], 'epoch', 'holder')
local epoch = tonumber(known[1] or '0')
if known[2] ~= holder then
  epoch = epoch + 1
  redis.call('HSET', KEYS[2], 'epoch', string.format('%d', epoch), 'holder', holder)
end
if held_by then
  -- Taken also when there is no memory left: a holder stays one.
  redis.call('PEXPIRE', KEYS[1], life_ms)
else
  redis.call('SET', KEYS[1], holder, 'PX', life_ms)
end
return {1, epoch}
