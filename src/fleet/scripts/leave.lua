-- A worker ends in order: all that it holds is given back and nobody waits for its lease to run out.
-- KEYS: instances, own ledger. ARGV: key prefix, count's time to live, member.
remove_member(member)
return redis.status_reply('OK')
