#!lua
-- Stores the decision of one event, unless the store has the same or a newer one.
-- The first line makes a server without memory refuse before anything is changed.
--
-- KEYS: flag, mark
-- ARGV: position (20 digits), append ms, expires ms, now ms, identity, ttl ms, when a mark expires that
--       withdraws nothing, what the names of the lists begin with, then the flag's fields and values.
--       Without fields the decision is approved.
-- Returns 1 when it won, 0 when the store has the same or a newer one.
local flag, mark = KEYS[1], KEYS[2]
local position, append, expires, now = ARGV[1], ARGV[2], ARGV[3], tonumber(ARGV[4])
local identity, ttl, prefix = ARGV[5], tonumber(ARGV[6]), ARGV[8]

local held = redis.call('HMGET', flag, 'position', 'ip', 'user_id')
if held[1] and held[1] >= position then return 0 end
local marked = redis.call('GET', mark)
if marked and marked >= position then return 0 end

local function count(kind, value)
  local hot = prefix .. 'hot:' .. kind .. ':' .. value
  redis.call('ZREMRANGEBYSCORE', hot, '-inf', now - ttl)
  local n = redis.call('ZCARD', hot)
  if n == 0 then
    redis.call('ZREM', prefix .. 'top:' .. kind, value)
    redis.call('ZREM', prefix .. 'last:' .. kind, value)
  else
    redis.call('ZADD', prefix .. 'top:' .. kind, n, value)
  end
end

local function forget(kind, value)
  if value and value ~= '' then
    redis.call('ZREM', prefix .. 'hot:' .. kind .. ':' .. value, identity)
    count(kind, value)
  end
end

local function remember(kind, value)
  if value and value ~= '' then
    local hot = prefix .. 'hot:' .. kind .. ':' .. value
    redis.call('ZADD', hot, append, identity)
    if redis.call('PEXPIRETIME', hot) < tonumber(expires) then
      redis.call('PEXPIREAT', hot, expires)
    end
    redis.call('ZADD', prefix .. 'last:' .. kind, 'GT', append, value)
    local last = prefix .. 'last:' .. kind
    for _, old in ipairs(redis.call('ZRANGEBYSCORE', last, '-inf', now - ttl, 'LIMIT', 0, 2)) do
      count(kind, old)
    end
    count(kind, value)
  end
end

if held[1] then
  redis.call('DEL', flag)
  redis.call('ZREM', prefix .. 'recent', identity)
  forget('ip', held[2])
  forget('user', held[3])
end
if #ARGV == 8 then
  if not (held[1] or marked) then expires = ARGV[7] end
  if tonumber(expires) > now then redis.call('SET', mark, position, 'PXAT', expires) end
  return 1
end
redis.call('DEL', mark)
if tonumber(expires) <= now then return 1 end
local fields, of = {}, {}
for i = 9, #ARGV, 2 do
  fields[#fields + 1] = ARGV[i]
  fields[#fields + 1] = ARGV[i + 1]
  of[ARGV[i]] = ARGV[i + 1]
end
redis.call('HSET', flag, 'position', position, unpack(fields))
redis.call('PEXPIREAT', flag, expires)
redis.call('ZREMRANGEBYSCORE', prefix .. 'recent', '-inf', now - ttl)
redis.call('ZADD', prefix .. 'recent', append, identity)
remember('ip', of['ip'])
remember('user', of['user_id'])
return 1
