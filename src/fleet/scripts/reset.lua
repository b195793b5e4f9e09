-- Join, or say the whole truth again: after a reconnect, FENCED, a new epoch, a reply that was lost. Idempotent.
-- KEYS: instances, own ledger, epoch.
-- ARGV: count's time to live, member, lease, an epoch to set if there is none, {conn_count key, share}...
-- Answers {the epoch, living members, members taken out, requests taken back}. What it held itself isn't among them if
-- its lease still ran.
local now = now_ms()
local dead, requests = reap(now)
remove_member(ARGV[2])
take_changes(5, #ARGV)
write_changes()
call('ZADD', KEYS[1], now + tonumber(ARGV[3]), ARGV[2])
call('SET', KEYS[3], ARGV[4], 'NX')
return {call('GET', KEYS[3]), call('ZCARD', KEYS[1]), dead, requests}
