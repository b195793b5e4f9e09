-- Leased coordination's one call: what an instance's requests changed goes in, the fleet's counts and a block of round
-- robin's tickets come out.
-- KEYS: instances, own ledger. ARGV: key prefix, count's time to live, member, number of changes,
--       {conn_count key, signed amount}...,
--       then pools: {key prefix, 1: counts are wanted, requests begun by load, tickets taken, tickets returned,
--       the counter at which they ended}...
-- Answers for each pool {rr_counter, requests begun by load in the whole fleet, URL, count, ...}, only counts above 0;
-- an error in its place if a key of the pool has a wrong type.
-- Returned tickets make the counter go back if nobody took any since; else they lapse.
-- FENCED, and nothing applied, if the member's lease is gone: it must reset.
if is_fenced() then
  return redis.error_reply('FENCED the lease is gone')
end

local function advance(key, amount)
  if amount == 0 then
    return tonumber(redis.pcall('GET', key) or 0) or 0
  end
  return redis.pcall('INCRBY', key, amount)
end

local function append_counts(answer, prefix)
  local listed = redis.pcall('LRANGE', prefix .. 'backend_servers', 0, -1)
  if listed.err then
    return listed
  end
  local keys = {}
  for i, url in ipairs(listed) do
    keys[i] = prefix .. 'conn_count:' .. url
  end
  for i, text in ipairs(texts_of(keys)) do
    local count = number_in(text)
    if count and count > 0 then
      table.insert(answer, listed[i])
      table.insert(answer, count)
    end
  end
  return answer
end

local function answer_for(prefix, wants_counts, begun, taken, returned, returned_end)
  local counter = prefix .. 'rr_counter'
  if returned > 0 and advance(counter, 0) == returned_end then
    taken = taken - returned
  end
  local tickets = advance(counter, taken)
  local placed = advance(prefix .. 'fairlead:tie', begun)
  for _, fault in ipairs({tickets, placed}) do
    if type(fault) == 'table' then return fault end
  end
  local answer = {tickets, placed}
  return wants_counts and append_counts(answer, prefix) or answer
end

local position = apply_changes(4)
local answers = {}
for i = position, #ARGV, 6 do
  table.insert(answers, answer_for(ARGV[i], ARGV[i + 1] == '1', tonumber(ARGV[i + 2]), tonumber(ARGV[i + 3]),
                                   tonumber(ARGV[i + 4]), tonumber(ARGV[i + 5])))
end
return answers
