-- Prepended to the scripts that count: conn_count keys and the ledgers that stand behind them.
-- Invariant: conn_count = sum over the ledgers of all members, plus what clients of the plain protocol counted.
-- A count that is missing (expired, deleted by hand, never used) or no number is worth what the ledgers say.
local instances_key = KEYS[1]
local prefix, count_ttl_ms, member = ARGV[1], ARGV[2], ARGV[3]

local function ledger_of(id)
  return prefix .. 'fairlead:ledger:' .. id
end

local own_ledger = ledger_of(member)

local function now_ms()
  local time = redis.call('TIME')
  return tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000)
end

local function number_in(text)
  return text and string.match(text, '^%-?%d+$') and math.max(0, tonumber(text))
end

local function sum_of_ledgers(key)
  local sum = 0
  for _, id in ipairs(redis.call('ZRANGE', instances_key, 0, -1)) do
    sum = sum + (tonumber(redis.call('HGET', ledger_of(id), key) or 0) or 0)
  end
  return sum
end

-- MGET in slices (unpack has a limit); unlike GET it takes a key of another type for a missing one.
local function texts_of(keys)
  local texts = {}
  for first = 1, #keys, 1000 do
    local last = math.min(first + 999, #keys)
    for i, text in ipairs(redis.call('MGET', unpack(keys, first, last))) do
      texts[first + i - 1] = text
    end
  end
  return texts
end

local function read_count(key)
  return number_in(redis.call('MGET', key)[1]) or sum_of_ledgers(key)
end

-- Above 0 with a time to live that each beat renews: if the whole fleet is killed, nothing stays counted.
local function write_count(key, count)
  if count > 0 then
    redis.call('SET', key, count, 'PX', count_ttl_ms)
  else
    redis.call('SET', key, 0)
  end
end

-- These two answer the count that they wrote.
local function add(key, amount, count)
  count = (count or read_count(key)) + amount
  redis.call('HINCRBY', own_ledger, key, amount)
  write_count(key, count)
  return count
end

-- Gives back no more than the ledger holds.
local function give_back(key, amount, count)
  count = count or read_count(key)
  local left = redis.call('HINCRBY', own_ledger, key, -amount)
  if left <= 0 then
    redis.call('HDEL', own_ledger, key)
    amount = amount + left
  end
  write_count(key, count - amount)
  return count - amount
end

-- The member's lease is gone: nothing may be applied, it must reset.
local function is_fenced()
  local lease_end = redis.call('ZSCORE', instances_key, member)
  return not lease_end or tonumber(lease_end) <= now_ms()
end

-- ARGV[position]: how many; then {conn_count key, signed amount}... Answers the position after them.
local function apply_changes(position)
  local last = position + 2 * tonumber(ARGV[position])
  local keys = {}
  for i = position + 1, last, 2 do
    table.insert(keys, ARGV[i])
  end
  local counts = {}
  for i, text in ipairs(texts_of(keys)) do
    counts[keys[i]] = number_in(text) or sum_of_ledgers(keys[i])
  end
  for i = position + 1, last, 2 do
    local key, amount = ARGV[i], tonumber(ARGV[i + 1])
    if amount < 0 then
      counts[key] = give_back(key, -amount, counts[key])
    else
      counts[key] = add(key, amount, counts[key])
    end
  end
  return last + 1
end

-- Answers how many requests its ledger held.
local function remove_member(id)
  local fields = redis.call('HGETALL', ledger_of(id))
  local held = 0
  for i = 1, #fields, 2 do
    local share = tonumber(fields[i + 1]) or 0
    local count = number_in(redis.call('MGET', fields[i])[1])
    if count then
      write_count(fields[i], count - share)
    end
    held = held + share
  end
  redis.call('DEL', ledger_of(id))
  redis.call('ZREM', instances_key, id)
  return held
end

-- Answers how many members were dead, and the requests taken back from them.
local function reap(now)
  local dead = redis.call('ZRANGEBYSCORE', instances_key, '-inf', now)
  local requests = 0
  for _, id in ipairs(dead) do
    requests = requests + remove_member(id)
  end
  return #dead, requests
end
