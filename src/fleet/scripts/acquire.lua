-- One call of a loop turn: what a worker gives back and what it wants, over all pools, applied as one step.
-- KEYS: instances, own ledger.
-- ARGV: key prefix, count's time to live, member, number of changes, {conn_count key, signed amount}...,
--       then groups of wants: {pool's key prefix, strategy, wanted, tickets, weighting, number of absent URLs,
--       number of left out URLs, absent URL..., left out URL...}...
-- Absent ones aren't of the set (they drain, or are no URLs), left out ones are, but may not serve these wants.
-- The weighting is '' if all weigh the same, else 16-bit numbers: how many are in the set, then for each of it its
-- weight, or for round_robin its cycle of places in the set, from 1. It comes from the instance, so that no call
-- computes a cycle; while the instance doesn't know a changed list yet, all weigh the same for a moment.
-- The rotation counts requests, not tries: a group of first tries takes as many tickets as it wants, a retry takes 0
-- and goes by where the rotation stands.
-- Answers for each group an array of the chosen URLs: as many as wanted, or none if the exclusions leave nothing; an
-- error in its place if a key of the pool has a wrong type or the strategy is unknown here. The other groups and the
-- changes aren't touched by that.
-- FENCED, and nothing applied, if the member's lease is gone: it must reset.
if is_fenced() then
  return redis.error_reply('FENCED the lease is gone')
end

local position = 5 + 2 * ARGV[4]
take_changes(5, position - 1)
local function next_argument()
  position = position + 1
  return ARGV[position - 1]
end

local function next_urls(how_many)
  local urls = {}
  for _ = 1, how_many do
    urls[next_argument()] = true
  end
  return urls
end

-- The 16-bit number at that place of a packed text; the first is at 0.
local function packed(text, place)
  local high, low = string.byte(text, 2 * place + 1, 2 * place + 2)
  return high * 256 + low
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

-- The servers that may be chosen, in list order, their places in the set if these aren't 1, 2, ..., and its size.
-- In the rotation a repeated URL is a weight; among loads it is one backend, and what comes again is left out.
local function eligible(listed, absent, left_out, is_by_load)
  if not next(absent) and not next(left_out) and not (is_by_load and has_repeated(listed)) then
    return listed, {}, #listed
  end
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

local function read_group()
  local group = {prefix = next_argument(), strategy = next_argument(), wanted = tonumber(next_argument())}
  group.tickets, group.weighting = next_argument(), next_argument()
  local absent_count, left_out_count = tonumber(next_argument()), tonumber(next_argument())
  local absent, left_out = next_urls(absent_count), next_urls(left_out_count)
  local listed = redis.pcall('LRANGE', group.prefix .. 'backend_servers', '0', '-1')
  if listed.err then
    group.fault = listed
    return group
  end
  local size
  group.servers, group.places, size = eligible(listed, absent, left_out, group.strategy == 'least_conn')
  group.is_weighted = group.weighting ~= '' and packed(group.weighting, 0) == size
  return group
end

-- The group's first ticket, counted from 0.
local function take_tickets(group)
  local counter = group.strategy == 'least_conn' and 'fairlead:tie' or 'rr_counter'
  local taken = redis.pcall('INCRBY', group.prefix .. counter, group.tickets)
  if type(taken) == 'table' then
    group.fault = taken
  else
    group.ticket = taken - group.tickets
  end
end

-- Whose turn it is; who is left out is passed over for the next in the list.
local function server_at(group, ticket)
  local servers, places = group.servers, group.places
  if not group.is_weighted then
    return servers[ticket % #servers + 1]
  end
  local place = packed(group.weighting, 1 + ticket % (#group.weighting / 2 - 1))
  for i = 1, #servers do
    if (places[i] or i) >= place then
      return servers[i]
    end
  end
  return servers[1]
end

local function choose_round_robin(group)
  local chosen, before = {}, group.prefix .. 'conn_count:'
  for k = 1, group.wanted do
    chosen[k] = server_at(group, group.ticket + k - 1)
    change(before .. chosen[k], 1)
  end
  return chosen
end

-- None: all weigh the same.
local function weights_of(group)
  local weights = {}
  if group.is_weighted then
    for i = 1, #group.servers do
      weights[i] = packed(group.weighting, group.places[i] or i)
    end
  end
  return weights
end

-- All with the least load for their weight, in list order. Ratios are compared by cross multiplication, which is exact
-- in doubles: counts and weights are small.
local function least_of(loads, weights)
  local equals, least, weight = {1}, loads[1], weights[1] or 1
  for i = 2, #loads do
    local left, right = loads[i] * weight, least * (weights[i] or 1)
    if left < right then
      equals, least, weight = {i}, loads[i], weights[i] or 1
    elseif left == right then
      equals[#equals + 1] = i
    end
  end
  return equals
end

-- Of equals the one whose turn the ticket says. Who is chosen isn't among the least any more, the others still are.
local function choose_least_conn(group)
  local servers, weights, keys, before = group.servers, weights_of(group), {}, group.prefix .. 'conn_count:'
  for i = 1, #servers do
    keys[i] = before .. servers[i]
  end
  local loads = read_counts(keys, true)
  local chosen, equals = {}, {}
  for k = 1, group.wanted do
    if not equals[1] then
      equals = least_of(loads, weights)
    end
    local best = table.remove(equals, (group.ticket + k - 1) % #equals + 1)
    change(keys[best], 1, loads[best])
    loads[best] = loads[best] + 1
    chosen[k] = servers[best]
  end
  return chosen
end

local choosers = {least_conn = choose_least_conn, round_robin = choose_round_robin}

local function choose(group)
  local chooser = choosers[group.strategy]
  if not chooser then
    return redis.error_reply('STRATEGY unknown to this script')
  end
  if not group.fault and group.servers[1] then
    take_tickets(group)
  end
  if group.fault then
    return group.fault
  end
  return group.ticket and chooser(group) or {}
end

local answers = {}
while position <= #ARGV do
  answers[#answers + 1] = choose(read_group())
end
write_changes()
return answers
