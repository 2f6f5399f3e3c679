-- Put the rebuilt events (KEYS[8]) in the place of the old ones, forget what else was being built
-- from them (KEYS[9]), and append the receipt:
-- {'new', first, last}; {'moved'}: too many newer events to take them along in one step;
-- {'torn'}: somebody else has erased meanwhile, and the rebuilt events hold words that are gone.
--
-- ARGV, behind those of the one event: how many rebuildings there were, and the last seq taken.

local TAKEN_ALONG = 500

local found = earlier()
if found then
  return found
end
local rebuilt = KEYS[8]
local rebuildings, taken = ARGV[FIRST_EVENT + 2], tonumber(ARGV[FIRST_EVENT + 3])
if (redis.call('HGET', SESSION, 'rebuildings') or '0') ~= rebuildings then
  return {'torn'}
end
local last_seq = last_seq_of_session()
if last_seq < taken or redis.call('EXISTS', rebuilt) == 0 then
  return {'torn'}
end
if last_seq > taken + TAKEN_ALONG then
  return {'moved'}
end
redis.call('HINCRBY', SESSION, 'rebuildings', 1)
for _, event in ipairs(redis.call('XRANGE', EVENTS, string.format('%d-0', taken + 1), '+')) do
  redis.call('XADD', rebuilt, event[1], unpack(event[2]))
end
redis.call('PERSIST', rebuilt)
-- Freed in the background: a long session would stop everybody for milliseconds.
redis.call('UNLINK', EVENTS)
redis.call('RENAME', rebuilt, EVENTS)
for _, other in ipairs(redis.call('SMEMBERS', KEYS[9])) do
  redis.call('UNLINK', other)
end
redis.call('UNLINK', KEYS[9])
return append(last_seq, FIRST_EVENT + 1)
