#!lua
-- Drops the flag of one event, and its mark, if they are not newer than said.
-- The counts of the top lists are never too small this way; reading them makes them exact.
--
-- KEYS: flag, mark
-- ARGV: the greatest position that may go (20 digits), identity, what the names of the lists begin with
-- Returns 0 when the flag is newer and stays.
local flag, mark, upto, identity, prefix = KEYS[1], KEYS[2], ARGV[1], ARGV[2], ARGV[3]
-- What lies under the name of a list and is none somebody else has put there: it gets another name.
local function list(key)
  local kind = redis.call('TYPE', key)['ok']
  if kind ~= 'zset' and kind ~= 'none' then redis.call('RENAME', key, 'foreign:' .. key) end
  return key
end
list(prefix .. 'recent')
for _, kind in ipairs({'ip', 'user'}) do
  list(prefix .. 'top:' .. kind)
  list(prefix .. 'last:' .. kind)
end

local marked = redis.pcall('GET', mark)
if type(marked) ~= 'table' and marked and marked <= upto then redis.call('DEL', mark) end
if redis.call('TYPE', flag)['ok'] ~= 'hash' then return redis.call('DEL', flag) end
local held = redis.call('HMGET', flag, 'position', 'ip', 'user_id')
if held[1] and #held[1] == 20 and held[1] > upto then return 0 end
redis.call('DEL', flag)
redis.call('ZREM', prefix .. 'recent', identity)
for place, kind in ipairs({'ip', 'user'}) do
  local value = held[place + 1]
  if value and value ~= '' then redis.call('ZREM', list(prefix .. 'hot:' .. kind .. ':' .. value), identity) end
end
return 1
