-- Prepended to acquire.lua, before counts.lua: the call of a request that comes alone, at most with the return of
-- another. KEYS as in acquire.lua. ARGV: count's time to live, member, strategy, pool's key prefix, and the conn_count
-- key of what is returned, if anything is. Answers the chosen URL, or as acquire.lua does.
-- What such a call costs Redis is what its script does at all. So this part makes no functions, and looks at one count
-- only: an idle backend has the least load whatever the others have, so the one whose turn it is by its place in the
-- list takes the request if it is idle. In all other cases (it isn't idle, a count is missing or no number, a key has a
-- wrong type) acquire.lua goes on, with the return applied and the ticket taken.
local call = redis.call
local strategy, pool_prefix, returned = ARGV[3], ARGV[4], ARGV[5]
local counter = strategy == 'least_conn' and 'fairlead:tie' or strategy == 'round_robin' and 'rr_counter'

local is_member  -- a share in the own ledger proves it: who is taken out has no ledger
local lost       -- the returned one's key if Redis can't count on from what stood there
if counter and returned then
  if call('HINCRBY', KEYS[2], returned, '-1') >= 0 then
    is_member = true
    local count = redis.pcall('INCRBY', returned, '-1')
    if type(count) ~= 'number' or count < 0 then
      call('DEL', returned)
      lost = returned
    end
  else
    call('HDEL', KEYS[2], returned)  -- a member gives back no more than its ledger holds
  end
end
if not is_member and not call('ZRANK', KEYS[1], ARGV[2]) then
  return redis.error_reply('FENCED not a member')
end

local ticket  -- what the counter says after it, or an error
if counter and not lost then
  local list = pool_prefix .. 'backend_servers'
  local size = redis.pcall('LLEN', list)
  if type(size) == 'number' and size > 0 then
    ticket = redis.pcall('INCRBY', pool_prefix .. counter, '1')
  end
  if type(ticket) == 'number' then
    local url = call('LINDEX', list, string.format('%d', (ticket - 1) % size))
    local wanted = pool_prefix .. 'conn_count:' .. url
    local load = redis.pcall('GET', wanted)
    local serves = load == '0'
    if strategy == 'round_robin' and type(load) == 'string' then
      serves = serves or string.find(load, '^[1-9]%d?%d?%d?%d?$')
    end
    if serves then
      local share = call('HINCRBY', KEYS[2], wanted, '1')
      call('INCRBY', wanted, '1')
      if share == 1 then
        call('PEXPIRE', wanted, ARGV[1])
      end
      return url
    end
  end
end
