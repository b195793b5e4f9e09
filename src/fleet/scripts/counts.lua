-- Prepended to the scripts that count: conn_count keys and the ledgers that stand behind them.
-- Invariant: conn_count = sum over the ledgers of all members, plus what clients of the plain protocol counted.
-- A count that is missing (expired, deleted by hand, never used) or no number is worth what the ledgers say.
-- A script gathers what it changes and writes at its end what didn't cancel out: of a turn's returns and wants most do.
-- No count that it changes is written before. (What a call costs Redis is mostly Lua's: numbers that become text, texts
-- that become numbers, tables that grow, functions that are made anew each time with each local that they reach for. So
-- there are few of those here, plain loops, and what is rare reaches for globals.)
-- A count above 0 has a time to live, which the beats of those who have a share in it renew: if the whole fleet is
-- killed, nothing stays counted. Who takes a first share sets it. A share of 0 in a ledger says that the count may have
-- one though it is 0; the next beat takes both away.
local call = redis.call

-- MGET in slices (unpack has a limit); unlike GET it takes a key of another type for a missing one.
local function texts_of(keys)
  if #keys <= 1000 then
    return keys[1] and redis.call('MGET', unpack(keys)) or {}
  end
  local texts = {}
  for first = 1, #keys, 1000 do
    for i, text in ipairs(redis.call('MGET', unpack(keys, first, math.min(first + 999, #keys)))) do
      texts[first + i - 1] = text
    end
  end
  return texts
end

-- Counts of a pool are alike: each text is read once. Odd ones are those from where Redis can't count on.
local numbers = {[false] = false, ['0'] = 0, ['1'] = 1, ['2'] = 2, ['3'] = 3, ['4'] = 4, ['5'] = 5, ['6'] = 6}
local odd_texts = {[false] = true}

-- False if it is none that can be counted on.
local function number_in(text)
  local number = numbers[text]
  if number == nil then
    number = string.find(text, '^%-?%d+$') and tonumber(text)
    number = number and number <= 2 ^ 53 and math.max(0, number)  -- what Lua's numbers count to
    numbers[text], odd_texts[text] = number, not number or string.find(text, '^[-0]') ~= nil
  end
  return number
end

local function ledger_of(id)
  return string.gsub(KEYS[1], 'instances$', 'ledger:') .. id
end

local sums

local function sum_of_ledgers(key)
  if not sums then
    sums = {}
    for _, id in ipairs(redis.call('ZRANGE', KEYS[1], '0', '-1')) do
      local ledger = redis.call('HGETALL', ledger_of(id))
      for i = 1, #ledger, 2 do
        sums[ledger[i]] = (sums[ledger[i]] or 0) + (tonumber(ledger[i + 1]) or 0)
      end
    end
  end
  return sums[key] or 0
end

-- By conn_count key: what this call changes of it, what stands in Redis, and whether it has to be written anew.
local changes, standing, odd = {}, {}, {}

-- As they will be with what is changed so far; in the order of the keys. What is missing counts for 0 unless it
-- `repairs` it or it is changed: that costs a look at all ledgers, and a key for each text that a hand lists.
local function read_counts(keys, repairs)
  local counts = texts_of(keys)
  for i = 1, #keys do
    local key, text = keys[i], counts[i]
    local count, changed = numbers[text] or number_in(text) or 0, changes[key]
    if odd_texts[text] and (repairs or changed) then
      count, changed = numbers[text] or sum_of_ledgers(key), changed or 0
      changes[key], odd[key] = changed, true
    end
    if changed then
      standing[key] = count
      count = math.max(0, count + changed)
    end
    counts[i] = count
  end
  return counts
end

-- {conn_count key, signed amount}... from ARGV[first] to ARGV[last].
local function take_changes(first, last)
  local amounts = {['1'] = 1, ['-1'] = -1}
  for i = first, last, 2 do
    local key, amount = ARGV[i], ARGV[i + 1]
    changes[key] = (changes[key] or 0) + (amounts[amount] or amount)
  end
end

local function write_count(key, count)
  if count > 0 then
    redis.call('SET', key, string.format('%d', count), 'PX', ARGV[1])
  else
    redis.call('SET', key, '0')
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
  local texts = {[0] = '0', [1] = '1', [-1] = '-1'}
  for key, amount in pairs(changes) do
    local text, share = texts[amount] or string.format('%d', amount), nil
    if amount ~= 0 then
      share = redis.call('HINCRBY', KEYS[2], key, text)
      if share < 0 then
        redis.call('HINCRBY', KEYS[2], key, string.format('%d', -share))
        amount = amount - share
        text = string.format('%d', amount)
      end
    end
    if odd[key] or amount ~= 0 and standing[key] + amount < 0 then
      write_count(key, standing[key] + amount)
    elseif amount ~= 0 then
      redis.call('INCRBY', key, text)
      if share == amount then
        redis.call('PEXPIRE', key, ARGV[1])
      end
    end
  end
end
