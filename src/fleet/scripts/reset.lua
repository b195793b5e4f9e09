-- Join, or say the whole truth again: after a reconnect, FENCED, a new epoch, a reply that was lost. Idempotent.
-- KEYS: instances, own ledger, epoch.
-- ARGV: key prefix, count's time to live, member, lease, an epoch to set if there is none, {conn_count key, share}...
-- Answers {the epoch, living members, members taken out, requests taken back}. What it held itself isn't among them if
-- its lease still ran.
local now = now_ms()
local dead, requests = reap(now)
remove_member(member)
for i = 6, #ARGV, 2 do
  add(ARGV[i], tonumber(ARGV[i + 1]))
end
redis.call('ZADD', instances_key, now + tonumber(ARGV[4]), member)
redis.call('SET', KEYS[3], ARGV[5], 'NX')
return {redis.call('GET', KEYS[3]), redis.call('ZCARD', instances_key), dead, requests}
