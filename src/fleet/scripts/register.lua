-- Brings the configured backends into a pool's list: those that it lacks are added in their order, and a weight that
-- differs from the one that was configured before becomes theirs. (So a changed file acts, and a file that stayed the
-- same doesn't undo what an operator said since.) Stands alone, without counts.lua.
-- KEYS: the list, weights, draining, configured weights. ARGV: {URL, weight}... Answers how many were added.
local list, weights, configured = KEYS[1], KEYS[2], KEYS[4]

local listed = {}
for _, url in ipairs(redis.call('LRANGE', list, 0, -1)) do
  listed[url] = true
end
local added = 0
for i = 1, #ARGV, 2 do
  local url, weight = ARGV[i], ARGV[i + 1]
  if not listed[url] then
    redis.call('RPUSH', list, url)
    listed[url] = true
    added = added + 1
  end
  if weight ~= (redis.call('HGET', configured, url) or '1') then
    redis.call('HSET', configured, url, weight)
    redis.call('HSET', weights, url, weight)
  end
end
return added
