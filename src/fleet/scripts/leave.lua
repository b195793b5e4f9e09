-- A worker ends in order: all that it holds is given back and nobody waits for its lease to run out.
-- KEYS: instances, own ledger. ARGV: count's time to live, member.
remove_member(ARGV[2])
return redis.status_reply('OK')
