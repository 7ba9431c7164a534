-- Commits a transaction, if the list has not changed since its head was read.
-- KEYS: head, sessions, users, feed, turn; to create a list, also its new sessions and users.
-- ARGV: the head that was read, the new head, the number of this server, the changes.
local head, sessions, users, feed, turn = KEYS[1], KEYS[2], KEYS[3], KEYS[4], KEYS[5]

local function number(bytes)
  local a, b, c, d = string.byte(bytes, 1, 4)
  return ((a * 256 + b) * 256 + c) * 256 + d
end

-- Without its member "list", a key was lost, and the head is of a list that is lost.
local known = redis.call('GET', head) or ''
if not redis.call('ZSCORE', sessions, 'list') or not redis.call('ZSCORE', users, 'list') then
  known = ''
end
local next = redis.call('GET', turn)
if next and next ~= ARGV[3] then
  return 2
end
if known ~= ARGV[1] then
  return 0
end
if next then
  redis.call('DEL', turn)
end

local i = 4
while i <= #ARGV do
  local change = ARGV[i]
  if change == 'create' then
    -- The new keys may have expired, or be incomplete.
    local new_sessions, new_users = KEYS[6], KEYS[7]
    if redis.call('ZCARD', new_sessions) ~= tonumber(ARGV[i + 1]) or
      redis.call('ZCARD', new_users) ~= tonumber(ARGV[i + 2]) then
      return 0
    end
    redis.call('DEL', head, feed)
    for new, key in pairs({ [new_sessions] = sessions, [new_users] = users }) do
      redis.call('PERSIST', new)
      redis.call('RENAME', new, key)
    end
    i = i + 3
  elseif change == 'session' then
    local key, since = ARGV[i + 1], ARGV[i + 2]
    redis.call('ZADD', sessions, 0, key .. since)
    -- The later of two stays.
    local all = redis.call('ZRANGEBYLEX', sessions, '[' .. key, '(' .. key .. string.rep('\255', 5))
    for j = 1, #all - 1 do
      redis.call('ZREM', sessions, all[j])
    end
    i = i + 3
  elseif change == 'user' then
    redis.call('ZADD', users, 'GT', ARGV[i + 2], ARGV[i + 1])
    i = i + 3
  elseif change == 'drop' then
    local user, since = ARGV[i + 1], tonumber(ARGV[i + 2])
    local all = redis.call('ZRANGEBYLEX', sessions, '[' .. user, '(' .. user .. string.rep('\255', 21))
    for j = 1, #all do
      if number(string.sub(all[j], 33)) <= since then
        redis.call('ZREM', sessions, all[j])
      end
    end
    i = i + 3
  elseif change == 'users' then
    redis.call('ZREMRANGEBYSCORE', users, '-inf', ARGV[i + 1])
    i = i + 2
  else
    local id, random, entry = ARGV[i + 1], ARGV[i + 2], ARGV[i + 3]
    local add = { 'XADD', feed, 'MAXLEN', '~', '10000', id, 'random', random, 'entry', entry }
    if redis.pcall(unpack(add)).err then
      -- The feed is damaged. Without it, every server reads everything again.
      redis.call('DEL', feed)
      redis.call(unpack(add))
    end
    i = i + 4
  end
end
if ARGV[2] ~= '' then
  redis.call('SET', head, ARGV[2])
end
return 1
