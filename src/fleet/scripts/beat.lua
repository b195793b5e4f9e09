-- A member's sign of life: takes the dead out, renews the own lease if it still stands, renews and repairs own counts.
-- KEYS: instances, own ledger, epoch. ARGV: count's time to live, member, lease.
-- Answers {1: known, 0: must reset; the epoch or ''; living members; members taken out, requests taken back}.
-- A lease that is gone is never renewed here: the member would come back with an empty ledger and its requests would
-- go uncounted. Only reset joins.
local now = now_ms()
local dead, requests = reap(now)
local known = call('ZSCORE', KEYS[1], ARGV[2])

local function renew_counts()
  local keys = call('HKEYS', KEYS[2])
  local shares = call('HVALS', KEYS[2])
  for i, text in ipairs(texts_of(keys)) do
    local count, share = number_in(text), tonumber(shares[i]) or 0
    if share == 0 then
      call('HDEL', KEYS[2], keys[i])
      if count == 0 then
        write_count(keys[i], 0)
      end
    elseif count and count >= share then
      call('PEXPIRE', keys[i], ARGV[1])
    else
      write_count(keys[i], sum_of_ledgers(keys[i]))
    end
  end
end

if known then
  call('ZADD', KEYS[1], now + tonumber(ARGV[3]), ARGV[2])
  renew_counts()
end
return {known and 1 or 0, call('GET', KEYS[3]) or '', call('ZCARD', KEYS[1]),
        dead, requests}
