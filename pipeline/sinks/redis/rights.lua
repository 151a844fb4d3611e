#!lua flags=no-writes
-- Which commands the user may not run, without running any.
--
-- KEYS: any key of the sink
-- ARGV: commands with arguments, each as a JSON list
-- Returns the names of those that are not allowed.
local lacking = {}
for _, asked in ipairs(ARGV) do
  local command = cjson.decode(asked)
  if not redis.acl_check_cmd(unpack(command)) then lacking[#lacking + 1] = command[1] end
end
return lacking
