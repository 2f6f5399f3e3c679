-- Add a page to a stream that nobody reads yet (KEYS[1]), and commands to its hash (KEYS[2]).
-- Repeatable: what is there already is passed over. Both vanish when nobody finishes them; until
-- then KEYS[3] knows of them.
--
-- ARGV: 1 their life in ms, 2 how many events; each seq, head, body; then command, its seqs, ….

local life_ms, count = ARGV[1], tonumber(ARGV[2])
local newest = redis.call('XREVRANGE', KEYS[1], '+', '-', 'COUNT', 1)[1]
local last = newest and tonumber(string.match(newest[1], '^%d+')) or 0
local at = 3
for _ = 1, count do
  if tonumber(ARGV[at]) > last then
    redis.call('XADD', KEYS[1], ARGV[at] .. '-0', 'h', ARGV[at + 1], 'b', ARGV[at + 2])
  end
  at = at + 3
end
while at < #ARGV do
  redis.call('HSET', KEYS[2], ARGV[at], ARGV[at + 1])
  at = at + 2
end
redis.call('PEXPIRE', KEYS[1], life_ms)
redis.call('PEXPIRE', KEYS[2], life_ms)
redis.call('SADD', KEYS[3], KEYS[1])
redis.call('PEXPIRE', KEYS[3], life_ms)
return count
