-- A picture of the fleet for an operator; changes nothing. Stands alone, without counts.lua.
-- KEYS: instances. ARGV: key prefix. Answers {drift, member, ms left of its lease, requests in its ledger, ...}.
-- The drift is how far the published counts are from the sum of the ledgers, over all backends: 0, unless clients of
-- the plain protocol count by themselves, or a member died and wasn't taken out yet.
local prefix = ARGV[1]
local time = redis.call('TIME')
local now = tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000)
local members = redis.call('ZRANGE', KEYS[1], 0, -1, 'WITHSCORES')
local answer, sums = {0}, {}
for i = 1, #members, 2 do
  local ledger = redis.call('HGETALL', prefix .. 'fairlead:ledger:' .. members[i])
  local held = 0
  for k = 1, #ledger, 2 do
    local share = tonumber(ledger[k + 1]) or 0
    held = held + share
    sums[ledger[k]] = (sums[ledger[k]] or 0) + share
  end
  table.insert(answer, members[i])
  table.insert(answer, math.floor(tonumber(members[i + 1]) - now))
  table.insert(answer, held)
end
local drift = 0
for key, sum in pairs(sums) do
  drift = drift + math.abs((tonumber(redis.call('MGET', key)[1] or '') or 0) - sum)
end
answer[1] = drift
return answer
