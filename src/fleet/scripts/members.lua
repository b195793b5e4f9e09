-- Prepended, after counts.lua, to the scripts by which members come, stay and go.

local function now_ms()
  local time = call('TIME')
  return time[1] * 1000 + math.floor(time[2] / 1000)
end

-- Answers how many requests its ledger held.
local function remove_member(id)
  local ledger = call('HGETALL', ledger_of(id))
  local held = 0
  for i = 1, #ledger, 2 do
    local share = tonumber(ledger[i + 1]) or 0
    local count = number_in(call('MGET', ledger[i])[1])
    if count then
      write_count(ledger[i], count - share)
    end
    held = held + share
  end
  call('DEL', ledger_of(id))
  call('ZREM', KEYS[1], id)
  return held
end

-- Answers how many members were dead, and the requests taken back from them.
local function reap(now)
  local dead = call('ZRANGEBYSCORE', KEYS[1], '-inf', string.format('%d', now))
  local requests = 0
  for _, id in ipairs(dead) do
    requests = requests + remove_member(id)
  end
  return #dead, requests
end
