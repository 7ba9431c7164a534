-- Reads the head, and the feed from an ID, or the rows of a transaction: one answer, so that one
-- timeout is enough. KEYS: head, sessions, users, feed.
local head, sessions, users, feed = KEYS[1], KEYS[2], KEYS[3], KEYS[4]
local out = {
  redis.call('GET', head),
  redis.call('ZSCORE', sessions, 'list'),
  redis.call('ZSCORE', users, 'list'),
}

local function count(prefix)
  local after = '(' .. prefix .. string.rep('\255', 21)
  return redis.call('ZLEXCOUNT', sessions, '[' .. prefix, after)
end

if ARGV[1] == 'feed' then
  out[4] = redis.call('XRANGE', feed, ARGV[2], '+')
elseif ARGV[1] == 'rows' then
  local time = redis.call('TIME')
  out[4], out[5] = time[1], time[2]
  out[6] = redis.call('ZCARD', sessions)
  out[7] = count(string.rep('\0', 16))
  for i = 2, #ARGV do
    if #ARGV[i] == 16 then
      out[#out + 1] = redis.call('ZSCORE', users, ARGV[i])
    end
    out[#out + 1] = count(ARGV[i])
  end
end
return out
