-- One call of a loop turn: what a worker gives back and what it wants, over all pools, applied as one step.
-- KEYS: instances, own ledger.
-- ARGV: count's time to live, member, number of changes, {conn_count key, signed amount}...,
--       then groups of wants: {pool's key prefix, strategy, wanted, number of words that follow, and these: none, or
--       tickets, weighting, number of absent URLs, absent URL..., left out URL...}...
-- Absent ones aren't of the set (they drain, or are no URLs), left out ones are, but may not serve these wants.
-- The weighting is '' if all weigh the same, else 16-bit numbers: how many are in the set, then for each of it its
-- weight, or for round_robin its cycle of places in the set, from 1. It comes from the instance, so that no call
-- computes a cycle; while the instance doesn't know a changed list yet, all weigh the same for a moment.
-- The rotation counts requests, not tries: a group of first tries takes as many tickets as it wants, a retry takes 0
-- and goes by where the rotation stands.
-- Answers for each group an array of the chosen URLs: as many as wanted, or none if the exclusions leave nothing; an
-- error in its place if a key of the pool has a wrong type or the strategy is unknown here. The other groups and the
-- changes aren't touched by that.
-- A request that comes alone has a shorter call and answer: one_by_one.lua.
-- FENCED, and nothing applied, if it is no member (any more): it must reset. A lease that ended fences nobody: until
-- another takes the member out, its ledger stands and its changes are right.

-- The 16-bit number at that place of a packed text; the first is at 0.
local function packed(text, place)
  local high, low = string.byte(text, 2 * place + 1, 2 * place + 2)
  return high * 256 + low
end

local function urls_between(first, last)
  local urls = {}
  for i = first, last do
    urls[ARGV[i]] = true
  end
  return urls
end

local function has_repeated(urls)
  local seen = {}
  for i = 1, #urls do
    local url = urls[i]
    if seen[url] then
      return true
    end
    seen[url] = true
  end
  return false
end

-- The servers that may be chosen, in list order, their places in the set, and its size. In the rotation a repeated URL
-- is a weight; among loads it is one backend, and what comes again is left out.
local function eligible(listed, absent, left_out, is_by_load)
  local servers, places, size = {}, {}, 0
  for i = 1, #listed do
    local url = listed[i]
    if not absent[url] then
      size = size + 1
      if not left_out[url] then
        servers[#servers + 1] = url
        places[#servers] = size
        left_out[url] = is_by_load
      end
    end
  end
  return servers, places, size
end

local function count_one(key, stands)
  if not changes[key] then
    standing[key] = stands
  end
  changes[key] = (changes[key] or 0) + 1
end

-- `weighting`: nil if all weigh the same. `places`: nil if they are 1, 2, ...
local function choose_round_robin(before, servers, first_ticket, wanted, weighting, places)
  local chosen = {}
  for ticket = first_ticket, first_ticket + wanted - 1 do
    local url = servers[ticket % #servers + 1]
    if weighting then
      -- Whose turn it is; who is left out is passed over for the next in the list.
      local place = packed(weighting, 1 + ticket % (#weighting / 2 - 1))
      url = servers[1]
      for i = 1, #servers do
        if (places and places[i] or i) >= place then
          url = servers[i]
          break
        end
      end
    end
    chosen[#chosen + 1] = url
    count_one(before .. url)
  end
  return chosen
end

-- All with the least load for their weight, in list order. Ratios are compared by cross multiplication, which is exact
-- in doubles: counts and weights are small.
local function least_of(loads, weights)
  local equals, least, weight = {1}, loads[1], weights and weights[1] or 1
  for i = 2, #loads do
    local left, right = loads[i], least
    if weights then
      left, right = left * weight, right * weights[i]
    end
    if left < right then
      equals, least, weight = {i}, loads[i], weights and weights[i] or 1
    elseif left == right then
      equals[#equals + 1] = i
    end
  end
  return equals
end

-- Of equals the one whose turn the ticket says. Who is chosen isn't among the least any more, the others still are.
local function choose_least_conn(before, servers, first_ticket, wanted, weighting, places)
  local keys, weights = {}, weighting and {}
  for i = 1, #servers do
    keys[i] = before .. servers[i]
    if weights then
      weights[i] = packed(weighting, places and places[i] or i)
    end
  end
  local loads = read_counts(keys, true)
  local chosen, equals = {}, {}
  for k = 1, wanted do
    if not equals[1] then
      equals = least_of(loads, weights)
    end
    local best = table.remove(equals, (first_ticket + k - 1) % #equals + 1)
    count_one(keys[best], loads[best])
    loads[best] = loads[best] + 1
    chosen[k] = servers[best]
  end
  return chosen
end

-- `first`: of the details' words.
local function choose(pool_prefix, strategy, wanted, first, details)
  local is_by_load = strategy == 'least_conn'
  if not is_by_load and strategy ~= 'round_robin' then
    return redis.error_reply('STRATEGY unknown to this script')
  end
  local servers = redis.pcall('LRANGE', pool_prefix .. 'backend_servers', '0', '-1')
  if servers.err then
    return servers
  end
  local tickets, weighting, places, size = wanted, '', nil, nil
  if details > 0 or is_by_load and has_repeated(servers) then
    local absent, left_out = {}, {}
    if details > 0 then
      local left_out_first = first + 3 + ARGV[first + 2]
      tickets, weighting = ARGV[first], ARGV[first + 1]
      absent = urls_between(first + 3, left_out_first - 1)
      left_out = urls_between(left_out_first, first + details - 1)
    end
    servers, places, size = eligible(servers, absent, left_out, is_by_load)
  end
  if not servers[1] then
    return {}
  end
  local counter_name = is_by_load and 'fairlead:tie' or 'rr_counter'
  local counted = ticket or redis.pcall('INCRBY', pool_prefix .. counter_name, tickets)
  if type(counted) == 'table' then
    return counted
  end
  if weighting == '' or packed(weighting, 0) ~= size then
    weighting = nil
  end
  local chooser = is_by_load and choose_least_conn or choose_round_robin
  return chooser(pool_prefix .. 'conn_count:', servers, counted - tickets, tonumber(wanted), weighting, places)
end

local function choose_for_all()
  local answers, position = {}, 4 + 2 * ARGV[3]
  take_changes(4, position - 1)
  while position <= #ARGV do
    local details = number_in(ARGV[position + 3])
    answers[#answers + 1] = choose(ARGV[position], ARGV[position + 1], ARGV[position + 2], position + 4, details)
    position = position + 4 + details
  end
  return answers
end

local answers
if counter then  -- the call of one_by_one.lua
  if lost then
    read_counts({lost}, true)
  end
  answers = {choose(pool_prefix, strategy, '1', 0, 0)}
else
  answers = choose_for_all()
end
write_changes()
return answers
