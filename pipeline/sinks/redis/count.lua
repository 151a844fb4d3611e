-- How many distinct flagged events some addresses or users have here.
--
-- KEYS: any key of this part
-- ARGV: kind, oldest append ms that no longer counts, what the names of the lists begin with, then names
-- Returns a count for each; 0 also for what is no such list.
local kind, cutoff, prefix = ARGV[1], ARGV[2], ARGV[3]
local counts = {}
for i = 4, #ARGV do
  local hot = prefix .. 'hot:' .. kind .. ':' .. ARGV[i]
  if redis.call('TYPE', hot)['ok'] == 'zset' then
    counts[#counts + 1] = redis.call('ZCOUNT', hot, '(' .. cutoff, '+inf')
  else
    counts[#counts + 1] = 0
  end
end
return counts
