-- An operator's edit of a pool's list, one act (core/balance/backend_edit is its twin). Stands alone, without
-- counts.lua.
-- KEYS: the list, weights, draining, configured weights. ARGV: add, remove or drain; URL; weight or ''.
-- Answers added, changed, unchanged or unknown.
local list, weights, draining, configured = KEYS[1], KEYS[2], KEYS[3], KEYS[4]
local kind, url, weight = ARGV[1], ARGV[2], ARGV[3]

local function is_listed()
  for _, listed in ipairs(redis.call('LRANGE', list, 0, -1)) do
    if listed == url then return true end
  end
  return false
end

if kind == 'remove' then
  local removed = redis.call('LREM', list, 0, url)
  for _, key in ipairs({weights, draining, configured}) do
    redis.call('HDEL', key, url)
  end
  return removed > 0 and 'changed' or 'unknown'
end

local outcome = 'unchanged'
if not is_listed() then
  if kind == 'drain' then return 'unknown' end
  redis.call('RPUSH', list, url)
  outcome = 'added'
end
if weight ~= '' and weight ~= (redis.call('HGET', weights, url) or '1') then
  redis.call('HSET', weights, url, weight)
  outcome = outcome == 'added' and outcome or 'changed'
end
local time = redis.call('TIME')
local now_ms = string.format('%d', tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000))
local flipped
if kind == 'drain' then
  flipped = redis.call('HSETNX', draining, url, now_ms)
else
  flipped = redis.call('HDEL', draining, url)
end
return flipped == 1 and outcome == 'unchanged' and 'changed' or outcome
