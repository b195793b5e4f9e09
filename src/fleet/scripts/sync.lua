-- Leased coordination's one call: what an instance's requests changed goes in, the fleet's counts and a block of round
-- robin's tickets come out.
-- KEYS: instances, own ledger. ARGV: count's time to live, member, number of changes,
--       {conn_count key, signed amount}...,
--       then pools: {key prefix, 1: counts are wanted, requests begun by load, tickets taken, tickets returned,
--       the counter at which they ended, how many latencies are told or '': none is wanted, URL, microseconds, ...}...
-- Answers for each pool {rr_counter, requests begun by load in the whole fleet, URL, count, ...}, only counts above 0;
-- if latencies are wanted, {URL, microseconds, ...} comes last. An error in a pool's or its latencies' place if a key
-- has a wrong type.
-- Returned tickets make the counter go back if nobody took any since; else they lapse.
-- FENCED, and nothing applied, if it is no member (any more), as in acquire.lua. The member '' is a reader: it changes
-- no counts.
if ARGV[2] ~= '' and not call('ZRANK', KEYS[1], ARGV[2]) then
  return redis.error_reply('FENCED not a member')
end

-- The counter after it, or an error.
local function advance(key, amount)
  if amount ~= 0 then
    return redis.pcall('INCRBY', key, amount)
  end
  local text = redis.pcall('GET', key)
  return type(text) == 'table' and text or text and tonumber(text) or 0
end

-- Applies what is told of listed backends, drops what isn't listed any more; the whole lapses when nobody tells.
local function share_latencies(pool_prefix, first, told)
  local latency_max_us = 3600 * 1000000
  local latencies_ttl_ms = 60000
  local latencies_max = 4096

  local function latency_in(text)
    local number = text and string.match(text, '^%d+$') and tonumber(text)
    return number and number >= 1 and number <= latency_max_us and number or nil
  end
  -- The geometric mean: one that measured ten times as much moves what is known by a factor of three, not of ten, and
  -- those who measure alike agree within a few calls.
  local function half_way(known, microseconds)
    return known and math.floor(math.sqrt(known * microseconds) + 0.5) or microseconds
  end

  local key = pool_prefix .. 'fairlead:latency'
  local stored = redis.pcall('HGETALL', key)
  local listed = redis.pcall('LRANGE', pool_prefix .. 'backend_servers', '0', '-1')
  if stored.err or listed.err then return stored.err and stored or listed end
  local is_listed, known = {}, {}
  for _, url in ipairs(listed) do is_listed[url] = true end
  for i = 1, #stored, 2 do
    known[stored[i]] = latency_in(stored[i + 1])
    if not is_listed[stored[i]] then redis.call('HDEL', key, stored[i]) end
  end
  for i = first, first + 2 * told - 1, 2 do
    local url, microseconds = ARGV[i], latency_in(ARGV[i + 1])
    if is_listed[url] and microseconds then
      known[url] = half_way(known[url], microseconds)
      redis.call('HSET', key, url, string.format('%d', known[url]))
    end
  end
  if told > 0 then redis.call('PEXPIRE', key, latencies_ttl_ms) end
  local answer = {}
  for i = 1, math.min(#listed, latencies_max) do
    if known[listed[i]] then
      table.insert(answer, listed[i])
      table.insert(answer, known[listed[i]])
    end
  end
  return answer
end

-- Of the pool whose words begin there.
local function answer_for(first)
  local pool_prefix, taken, returned = ARGV[first], number_in(ARGV[first + 3]), number_in(ARGV[first + 4])
  local counter = pool_prefix .. 'rr_counter'
  if returned > 0 and advance(counter, 0) == tonumber(ARGV[first + 5]) then
    taken = taken - returned
  end
  local answer = {advance(counter, taken), advance(pool_prefix .. 'fairlead:tie', number_in(ARGV[first + 2]))}
  for i = 1, 2 do
    if type(answer[i]) == 'table' then
      return answer[i]
    end
  end
  if ARGV[first + 1] ~= '1' then
    return answer
  end
  local listed = redis.pcall('LRANGE', pool_prefix .. 'backend_servers', '0', '-1')
  if listed.err then
    return listed
  end
  local before, keys = pool_prefix .. 'conn_count:', {}
  for i = 1, #listed do
    keys[i] = before .. listed[i]
  end
  local counts = read_counts(keys)
  for i = 1, #keys do
    if counts[i] > 0 then
      answer[#answer + 1] = listed[i]
      answer[#answer + 1] = counts[i]
    end
  end
  return answer
end

local position = 4
if ARGV[3] ~= '0' then
  position = 4 + 2 * ARGV[3]
  take_changes(4, position - 1)
end
local answers = {}
while position <= #ARGV do
  local answer, told = answer_for(position), ARGV[position + 6]
  if told ~= '' then
    told = tonumber(told)
    if not answer.err then
      answer[#answer + 1] = share_latencies(ARGV[position], position + 7, told)
    end
    position = position + 2 * told
  end
  answers[#answers + 1] = answer
  position = position + 7
end
if next(changes) then
  write_changes()
end
return answers
