-- Prepended to acquire.lua, before counts.lua: the call of requests that come one by one, of which one gives its
-- backend back and the next wants one. What such a call costs Redis is what its script does at all, so this part makes
-- no functions and looks at two counts, not at all: an idle backend has the least load whatever the others have, so the
-- one whose turn it is by its place in the list takes the request if it is idle.
-- Anything else (a backend that isn't idle, a count that is missing or no number, a key of a wrong type) is left to
-- acquire.lua. Nothing is changed then, except that the ticket may be taken.
local call = redis.call
if not call('ZRANK', KEYS[1], ARGV[2]) then
  return redis.error_reply('FENCED not a member')
end

local ticket  -- what the counter says after it, or an error
local first = ARGV[3] == '1' and ARGV[5] == '-1' and 6 or ARGV[3] == '0' and 4
if first and #ARGV == first + 3 and ARGV[first + 2] == '1' and ARGV[first + 3] == '0' then
  local pool_prefix, strategy, returned = ARGV[first], ARGV[first + 1], first == 6 and ARGV[4]
  local counter = strategy == 'least_conn' and 'fairlead:tie' or strategy == 'round_robin' and 'rr_counter'
  local list = pool_prefix .. 'backend_servers'
  local size = counter and redis.pcall('LLEN', list)
  if type(size) == 'number' and size > 0 then
    ticket = redis.pcall('INCRBY', pool_prefix .. counter, '1')
  end
  if type(ticket) == 'number' then
    local url = call('LINDEX', list, string.format('%d', (ticket - 1) % size))
    local wanted = pool_prefix .. 'conn_count:' .. url
    local counts = call('MGET', wanted, returned or wanted)
    local load, held = counts[1], counts[2]
    local small = '^[1-9]%d?%d?%d?%d?%d?$'
    local serves = load == '0' or load == '1' and wanted == returned or
                   load and strategy == 'round_robin' and string.find(load, small)
    if serves and (not returned or held == '1' or held and string.find(held, small)) then
      if returned then
        if call('HINCRBY', KEYS[2], returned, '-1') >= 0 then
          call('INCRBY', returned, '-1')
        else
          call('HINCRBY', KEYS[2], returned, '1')  -- a member gives back no more than its ledger holds
        end
      end
      local share = call('HINCRBY', KEYS[2], wanted, '1')
      call('INCRBY', wanted, '1')
      if share == 1 then
        call('PEXPIRE', wanted, ARGV[1])
      end
      return url
    end
  end
end
