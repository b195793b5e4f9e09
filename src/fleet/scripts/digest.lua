-- Whether pools' lists are still those that were read: a digest of each pool's list, weights and drains. One is made at
-- most every so often, by whoever asks then; so the fleet's size costs calls, but not a reading of all lists each.
-- Stands alone, without counts.lua.
-- KEYS: epoch, then for each pool {the digest, the list, weights, draining}.
-- ARGV: ms for which a digest stands; 1: make it anew, because the lists are read next, else 0. (Kept beside lists that
-- are newer, an old digest would hide that they became again what they had been.)
-- Answers {the epoch or '', a digest for each pool}. A replica or a full memory keeps no digest, and it is made anew.
local function text_of(reply)
  if reply.err then return reply.err end
  return table.concat(reply, '\n')
end

local function digest_of(kept, list, weights, draining)
  local last = ARGV[2] == '0' and redis.pcall('GET', kept)
  if type(last) == 'string' then
    return last
  end
  local digest = redis.sha1hex(text_of(redis.pcall('LRANGE', list, 0, -1)) .. '\n\n' ..
                               text_of(redis.pcall('HGETALL', weights)) .. '\n\n' ..
                               text_of(redis.pcall('HGETALL', draining)))
  redis.pcall('SET', kept, digest, 'PX', ARGV[1])
  return digest
end

local answer = {redis.call('GET', KEYS[1]) or ''}
for i = 2, #KEYS, 4 do
  table.insert(answer, digest_of(KEYS[i], KEYS[i + 1], KEYS[i + 2], KEYS[i + 3]))
end
return answer
