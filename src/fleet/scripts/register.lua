-- Adds the configured backends that a pool's list lacks, in their order. Stands alone, without counts.lua.
-- KEYS: the list. ARGV: URLs. Answers how many were added.
local listed = {}
for _, url in ipairs(redis.call('LRANGE', KEYS[1], 0, -1)) do
  listed[url] = true
end
local added = 0
for _, url in ipairs(ARGV) do
  if not listed[url] then
    redis.call('RPUSH', KEYS[1], url)
    listed[url] = true
    added = added + 1
  end
end
return added
