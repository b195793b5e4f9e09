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

local position = apply_changes(4)
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

local function read_group()
  local group = {prefix = next_argument(), strategy = next_argument(), wanted = tonumber(next_argument())}
  group.tickets, group.weighting = tonumber(next_argument()), next_argument()
  local absent_count, left_out_count = tonumber(next_argument()), tonumber(next_argument())
  local absent, left_out = next_urls(absent_count), next_urls(left_out_count)
  group.servers, group.places = {}, {}
  local listed = redis.pcall('LRANGE', group.prefix .. 'backend_servers', 0, -1)
  if listed.err then
    group.fault = listed
    return group
  end
  local size = 0
  for _, url in ipairs(listed) do
    if not absent[url] then
      size = size + 1
      if not left_out[url] then
        table.insert(group.servers, url)
        table.insert(group.places, size)
        -- In the rotation a repeated URL is a weight; among loads it is one backend.
        left_out[url] = group.strategy == 'least_conn'
      end
    end
  end
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

local function count_key(group, url)
  return group.prefix .. 'conn_count:' .. url
end

-- Whose turn it is; who is left out is passed over for the next in the list.
local function server_at(group, ticket)
  if not group.is_weighted then
    return group.servers[ticket % #group.servers + 1]
  end
  local place = packed(group.weighting, 1 + ticket % (#group.weighting / 2 - 1))
  for i, own in ipairs(group.places) do
    if own >= place then
      return group.servers[i]
    end
  end
  return group.servers[1]
end

local function choose_round_robin(group)
  local chosen, taken = {}, {}
  for k = 0, group.wanted - 1 do
    local url = server_at(group, group.ticket + k)
    table.insert(chosen, url)
    taken[url] = (taken[url] or 0) + 1
  end
  for url, amount in pairs(taken) do
    add(count_key(group, url), amount)
  end
  return chosen
end

local function read_loads(group)
  local keys = {}
  for i, url in ipairs(group.servers) do
    keys[i] = count_key(group, url)
  end
  local loads = texts_of(keys)
  for i, text in ipairs(loads) do
    loads[i] = number_in(text)
    if not loads[i] then
      loads[i] = sum_of_ledgers(keys[i])
      write_count(keys[i], loads[i])
    end
  end
  return loads
end

-- The least for its weight; of equals, in list order, the one whose turn the ticket says. Ratios are compared by cross
-- multiplication, which is exact in doubles: counts and weights are small.
local function least_of(loads, weights, ticket)
  local least, weight, equals = 1, 0, 0
  for i, load in ipairs(loads) do
    local left, right = load * weight, least * weights[i]
    if left < right then
      least, weight, equals = load, weights[i], 1
    elseif left == right then
      equals = equals + 1
    end
  end
  local turn = ticket % equals
  for i, load in ipairs(loads) do
    if load * weight == least * weights[i] then
      if turn == 0 then return i end
      turn = turn - 1
    end
  end
end

local function weights_of(group)
  local weights = {}
  for i, place in ipairs(group.places) do
    weights[i] = group.is_weighted and packed(group.weighting, place) or 1
  end
  return weights
end

local function choose_least_conn(group)
  local loads, weights = read_loads(group), weights_of(group)
  local chosen, taken = {}, {}
  for k = 0, group.wanted - 1 do
    local best = least_of(loads, weights, group.ticket + k)
    loads[best] = loads[best] + 1
    taken[best] = (taken[best] or 0) + 1
    table.insert(chosen, group.servers[best])
  end
  for i, amount in pairs(taken) do
    add(count_key(group, group.servers[i]), amount, loads[i] - amount)
  end
  return chosen
end

local choosers = {least_conn = choose_least_conn, round_robin = choose_round_robin}

local function choose(group)
  local chooser = choosers[group.strategy]
  if not chooser then
    return redis.error_reply('STRATEGY unknown to this script')
  end
  if #group.servers > 0 then
    take_tickets(group)
  end
  if group.fault then
    return group.fault
  end
  if not group.ticket then
    return {}
  end
  return chooser(group)
end

local answers = {}
while position <= #ARGV do
  table.insert(answers, choose(read_group()))
end
return answers
