-- The addresses or users with the most distinct flagged events.
-- Stored counts are never too small, so reading the top until it no longer shrinks is exact.
--
-- KEYS: the list of what has the most
-- ARGV: kind, n, oldest append ms that no longer counts, what the names of the lists begin with
-- Returns names with their counts in turn, and the keys that hold something else than such a list.
local top = KEYS[1]
local kind, n, cutoff, prefix = ARGV[1], tonumber(ARGV[2]), ARGV[3], ARGV[4]
local foreign, is_foreign = {}, {}

local function held(hot)
  redis.call('ZREMRANGEBYSCORE', hot, '-inf', cutoff)
  return redis.call('ZCARD', hot)
end

local function note(hot)
  is_foreign[hot] = true
  foreign[#foreign + 1] = hot
end

while true do
  local rows = redis.call('ZREVRANGE', top, 0, n - 1 + #foreign, 'WITHSCORES')
  local changed, kept = false, {}
  for i = 1, #rows, 2 do
    local value, count = rows[i], tonumber(rows[i + 1])
    local hot = prefix .. 'hot:' .. kind .. ':' .. value
    local of = redis.call('TYPE', hot)['ok']
    if of ~= 'zset' and of ~= 'none' then
      if not is_foreign[hot] then
        note(hot)
        changed = true
      end
    else
      local now = held(hot)
      if now < count then
        changed = true
        if now == 0 then redis.call('ZREM', top, value) else redis.call('ZADD', top, now, value) end
      end
      kept[#kept + 1] = value
      kept[#kept + 1] = rows[i + 1]
    end
  end
  if not changed then return {kept, foreign} end
end
