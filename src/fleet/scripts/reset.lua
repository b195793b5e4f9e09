-- Join, or say the whole truth again: after a reconnect, FENCED, a new epoch, a reply that was lost. Idempotent.
-- KEYS: instances, own ledger, epoch.
-- ARGV: key prefix, count's time to live, member, lease, an epoch to set if there is none, {conn_count key, share}...
-- Answers {the epoch, living members, members taken out, requests taken back}. What it held itself isn't among them if
-- its lease still ran.
local now = now_ms()
local dead, requests = reap(now)
remove_member(member)
take_changes(6, #ARGV)
write_changes()
call('ZADD', instances_key, now + tonumber(ARGV[4]), member)
call('SET', KEYS[3], ARGV[5], 'NX')
return {call('GET', KEYS[3]), call('ZCARD', instances_key), dead, requests}
