-- A member's sign of life: takes the dead out, renews the own lease if it still stands, renews and repairs own counts.
-- KEYS: instances, own ledger, epoch. ARGV: key prefix, count's time to live, member, lease.
-- Answers {1: known, 0: must reset; the epoch or ''; living members; members taken out, requests taken back}.
-- A lease that is gone is never renewed here: the member would come back with an empty ledger and its requests would
-- go uncounted. Only reset joins.
local now = now_ms()
local dead, requests = reap(now)
local known = call('ZSCORE', instances_key, member)

local function renew_counts()
  local keys = call('HKEYS', own_ledger)
  local shares = call('HVALS', own_ledger)
  for i, text in ipairs(texts_of(keys)) do
    local count = number_in(text)
    if count and count >= (tonumber(shares[i]) or 0) then
      call('PEXPIRE', keys[i], count_ttl_ms)
    else
      write_count(keys[i], sum_of_ledgers(keys[i]))
    end
  end
end

if known then
  call('ZADD', instances_key, now + tonumber(ARGV[4]), member)
  renew_counts()
end
return {known and 1 or 0, call('GET', KEYS[3]) or '', call('ZCARD', instances_key),
        dead, requests}
