-- Prepended to the scripts that count: conn_count keys and the ledgers that stand behind them.
-- Invariant: conn_count = sum over the ledgers of all members, plus what clients of the plain protocol counted.
-- A count that is missing (expired, deleted by hand, never used) or no number is worth what the ledgers say.
-- A script gathers what it changes and writes at its end what didn't cancel out: of a turn's returns and wants most do.
-- No count that it changes is written before. (What a call costs Redis is mostly Lua's: numbers that become text,
-- tables that grow, functions that are made anew each time; so there are few of them here, and plain loops.)
local call = redis.call
local instances_key = KEYS[1]
local prefix, count_ttl_ms, member = ARGV[1], ARGV[2], ARGV[3]

local function ledger_of(id)
  return prefix .. 'fairlead:ledger:' .. id
end

local own_ledger = ledger_of(member)

local function now_ms()
  local time = call('TIME')
  return time[1] * 1000 + math.floor(time[2] / 1000)
end

-- MGET in slices (unpack has a limit); unlike GET it takes a key of another type for a missing one.
local function texts_of(keys)
  if #keys <= 1000 then
    return keys[1] and call('MGET', unpack(keys)) or {}
  end
  local texts = {}
  for first = 1, #keys, 1000 do
    for i, text in ipairs(call('MGET', unpack(keys, first, math.min(first + 999, #keys)))) do
      texts[first + i - 1] = text
    end
  end
  return texts
end

-- Counts of a pool are alike: each text is read once.
local numbers = {[false] = false}
local count_max = 2 ^ 53  -- what Lua's numbers count to

-- False if it is none that can be counted on.
local function number_in(text)
  local number = numbers[text]
  if number == nil then
    number = string.find(text, '^%-?%d+$') and tonumber(text)
    number = number and number <= count_max and math.max(0, number)
    numbers[text] = number
  end
  return number
end

local sums

local function sum_of_ledgers(key)
  if not sums then
    sums = {}
    for _, id in ipairs(call('ZRANGE', instances_key, '0', '-1')) do
      local ledger = call('HGETALL', ledger_of(id))
      for i = 1, #ledger, 2 do
        sums[ledger[i]] = (sums[ledger[i]] or 0) + (tonumber(ledger[i + 1]) or 0)
      end
    end
  end
  return sums[key] or 0
end

-- By conn_count key: what this call changes of it, what stands in Redis, and whether that is nothing yet.
local changes, standing, missing = {}, {}, {}

-- As they will be with what is changed so far; in the order of the keys. What is missing counts for 0 unless it
-- `repairs` it or it is changed: that costs a look at all ledgers, and a key for each text that a hand lists.
local function read_counts(keys, repairs)
  local counts = texts_of(keys)
  for i = 1, #keys do
    local key = keys[i]
    local count = number_in(counts[i])
    local changed = changes[key]
    if not count and (repairs or changed) then
      count = sum_of_ledgers(key)
      changed = changed or 0
      changes[key] = changed
      missing[key] = true
    end
    count = count or 0
    if changed then
      standing[key] = count
      count = math.max(0, count + changed)
    end
    counts[i] = count
  end
  return counts
end

-- `stands`: the count in Redis if it was read; it isn't asked for again.
local function change(key, amount, stands)
  if not changes[key] then
    standing[key] = stands
  end
  changes[key] = (changes[key] or 0) + amount
end

-- {conn_count key, signed amount}... from ARGV[first] to ARGV[last].
local function take_changes(first, last)
  for i = first, last, 2 do
    change(ARGV[i], ARGV[i + 1])
  end
end

-- Above 0 with a time to live, which beats renew: if the whole fleet is killed, nothing stays counted.
local function write_count(key, count)
  if count > 0 then
    call('SET', key, string.format('%d', count), 'PX', count_ttl_ms)
  else
    call('SET', key, '0')
  end
end

-- A member gives back no more than its ledger holds.
local function write_changes()
  local unread = {}
  for key, amount in pairs(changes) do
    if amount ~= 0 and not standing[key] then
      unread[#unread + 1] = key
    end
  end
  read_counts(unread)
  for key, amount in pairs(changes) do
    if amount ~= 0 then
      local left = call('HINCRBY', own_ledger, key, string.format('%d', amount))
      if left <= 0 then
        call('HDEL', own_ledger, key)
        amount = amount - left
      end
    end
    if amount ~= 0 or missing[key] then
      write_count(key, standing[key] + amount)
    end
  end
end

-- The member's lease is gone: nothing may be applied, it must reset.
local function is_fenced()
  local lease_end = call('ZSCORE', instances_key, member)
  return not lease_end or lease_end - now_ms() <= 0
end
