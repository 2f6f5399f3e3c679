-- Return a page of the list of sessions, the newest first, packed (MessagePack):
-- [[id, last_seq, created_wall, last_wall, is_closed, is_erased, first event or false], …].
-- All that were created at the same moment as the last one are on its page.
--
-- KEYS: 1 the list (all, living or past). ARGV: 1 created before or '+inf', 2 how many, 3 prefix of
-- sessions, 4 prefix of events, 5 only this session if it is not empty.

local function listed()
  if ARGV[5] ~= '' then
    return redis.call('ZSCORE', KEYS[1], ARGV[5]) and {ARGV[5]} or {}
  end
  local found = redis.call(
    'ZRANGE', KEYS[1], ARGV[1], '-inf', 'BYSCORE', 'REV', 'LIMIT', 0, ARGV[2], 'WITHSCORES'
  )
  local names, count = {}, #found / 2
  if count < tonumber(ARGV[2]) then
    for at = 1, count do
      names[at] = found[2 * at - 1]
    end
    return names
  end
  local last = found[2 * count]
  for at = 1, count do
    if found[2 * at] ~= last then
      names[#names + 1] = found[2 * at - 1]
    end
  end
  for _, name in ipairs(redis.call('ZRANGE', KEYS[1], last, last, 'BYSCORE', 'REV')) do
    names[#names + 1] = name
  end
  return names
end

local page = {}
for at, name in ipairs(listed()) do
  -- Keys beyond KEYS: the list is what says which; a cluster is refused when the journal opens.
  local line = redis.call(
    'HMGET', ARGV[3] .. name, 'last_seq', 'created_wall', 'last_wall', 'is_closed', 'is_erased'
  )
  table.insert(line, 1, name)
  line[7] = redis.call('XRANGE', ARGV[4] .. name, '1-0', '1-0')[1] or false
  page[at] = line
end
return cmsgpack.pack(page)
