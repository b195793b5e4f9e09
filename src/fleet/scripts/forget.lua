-- What was said of backends that a user took out of the list by hand: who pushes one again finds it taking requests.
-- Stands alone, without counts.lua. KEYS: the list, weights, draining, configured weights. Answers how many.
local listed = {}
for _, url in ipairs(redis.call('LRANGE', KEYS[1], 0, -1)) do
  listed[url] = true
end
local forgotten = 0
for _, url in ipairs(redis.call('HKEYS', KEYS[3])) do
  if not listed[url] then
    forgotten = forgotten + redis.call('HDEL', KEYS[3], url)
  end
end
return forgotten
