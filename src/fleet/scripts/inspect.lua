-- A picture of the fleet at one moment, for an operator or a scrape; changes nothing. Stands alone, without counts.lua.
-- KEYS: instances. ARGV: key prefix, the conn_count keys that are listed...
-- Answers {{member, ms left of its lease, requests in its ledger, ...},
--          {count, ...} of the listed keys in their order,
--          {what stands before a pool's keys, drift, ...}}.
-- A pool's drift is how far its published counts are from the sum of the ledgers, over all backends that are listed or
-- in a ledger: 0, unless clients of the plain protocol count by themselves.
local prefix = ARGV[1]
local time = redis.call('TIME')
local now = tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000)

local function look_at_members()
  local members, sums = {}, {}
  local leases = redis.call('ZRANGE', KEYS[1], 0, -1, 'WITHSCORES')
  for i = 1, #leases, 2 do
    local ledger = redis.call('HGETALL', prefix .. 'fairlead:ledger:' .. leases[i])
    local held = 0
    for k = 1, #ledger, 2 do
      local share = tonumber(ledger[k + 1]) or 0
      held = held + share
      sums[ledger[k]] = (sums[ledger[k]] or 0) + share
    end
    table.insert(members, leases[i])
    table.insert(members, math.floor(tonumber(leases[i + 1]) - now))
    table.insert(members, held)
  end
  return members, sums
end

-- MGET in slices: unpack has a limit.
local function counts_of(keys)
  local counts = {}
  for first = 1, #keys, 1000 do
    local last = math.min(first + 999, #keys)
    for i, text in ipairs(redis.call('MGET', unpack(keys, first, last))) do
      counts[first + i - 1] = text and string.match(text, '^%-?%d+$') and math.max(0, tonumber(text)) or 0
    end
  end
  return counts
end

local members, sums = look_at_members()
local keys, is_listed = {}, {}
for i = 2, #ARGV do
  table.insert(keys, ARGV[i])
  is_listed[ARGV[i]] = true
end
local listed = #keys
for key in pairs(sums) do
  if not is_listed[key] then table.insert(keys, key) end
end
local counts = counts_of(keys)
local drifts = {}
for i, key in ipairs(keys) do
  local pool = string.match(key, '^(.-)conn_count:http') or prefix
  drifts[pool] = (drifts[pool] or 0) + math.abs(counts[i] - (sums[key] or 0))
end
local pools = {}
for pool, drift in pairs(drifts) do
  table.insert(pools, pool)
  table.insert(pools, drift)
end
local listed_counts = {}
for i = 1, listed do
  listed_counts[i] = counts[i]
end
return {members, listed_counts, pools}
