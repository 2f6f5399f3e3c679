-- One append, shared by the scripts that end in one. All or nothing: every check comes before the
-- first write, and Redis refuses a script (no memory, no disk, read-only) only at that one.
--
-- KEYS: 1 session, 2 events, 3 commands, 4 all sessions, 5 living, 6 past, 7 the append's token.
-- ARGV: see server/journal/redis_entries.py, Append.arguments.

local SESSION, EVENTS, COMMANDS, ALL, LIVE, PAST, TOKEN = unpack(KEYS, 1, 7)
local id, channel, token, token_ms, has_cmd, cmd = unpack(ARGV, 1, 6)
local expect, epoch, holder, is_closing, is_erasing = unpack(ARGV, 7, 11)
local created_wall, last_wall, is_replicated = unpack(ARGV, 12, 14)
local FIRST_EVENT = 15

-- Return what an earlier attempt, or the same command, came to; nil: nothing yet.
local function earlier()
  local kept, kind
  if has_cmd == '1' then
    kept = redis.call('HGET', COMMANDS, cmd)
  else
    kept = redis.call('GET', TOKEN)
  end
  if not kept then
    return nil
  end
  local first, last, whose = string.match(kept, '^(%d+) (%d+) ?(%w*)$')
  if is_replicated == '1' then
    -- WAIT counts from this connection's last write, so there has to be one.
    redis.call('HSET', SESSION, 'last_seq', redis.call('HGET', SESSION, 'last_seq'))
  end
  return {whose == token and 'new' or 'repeat', tonumber(first), tonumber(last)}
end

-- Return why this append may not be, nil: it may.
local function refused(last_seq)
  if epoch ~= '' then
    local now = redis.call('HMGET', SESSION, 'epoch', 'holder')
    if now[1] ~= epoch or (holder ~= '' and now[2] ~= holder) then
      return {'fenced'}
    end
  end
  if expect ~= '' and tonumber(expect) ~= last_seq then
    return {'conflict', last_seq}
  end
  return nil
end

local function append(last_seq, last_argument)
  local first, seq = last_seq + 1, last_seq
  for at = FIRST_EVENT, last_argument, 2 do
    seq = seq + 1
    redis.call('XADD', EVENTS, string.format('%d-0', seq), 'h', ARGV[at], 'b', ARGV[at + 1])
  end
  redis.call('HSET', SESSION, 'last_seq', string.format('%d', seq), 'last_wall', last_wall)
  if last_seq == 0 then
    redis.call('HSET', SESSION, 'created_wall', created_wall)
    redis.call('ZADD', ALL, created_wall, id)
    redis.call('ZADD', LIVE, created_wall, id)
  end
  if is_closing == '1' then
    redis.call('HSET', SESSION, 'is_closed', '1')
    redis.call('ZREM', LIVE, id)
    redis.call('ZADD', PAST, redis.call('HGET', SESSION, 'created_wall'), id)
  end
  if is_erasing == '1' then
    redis.call('HSET', SESSION, 'is_erased', '1')
  end
  local kept = string.format('%d %d %s', first, seq, token)
  if has_cmd == '1' then
    redis.call('HSET', COMMANDS, cmd, kept)
  else
    redis.call('SET', TOKEN, kept, 'PX', token_ms)
  end
  redis.call('PUBLISH', channel, string.format('%d', seq))
  return {'new', first, seq}
end

local function last_seq_of_session()
  return tonumber(redis.call('HGET', SESSION, 'last_seq') or '0')
end
