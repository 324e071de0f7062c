-- SPDX-License-Identifier: MIT
-- The brake: a tariff of a run (one provider of one carrier) stops by itself when
-- the gateway refuses the account, or when too many of its last answers are
-- refusals or no answers at all. Claim and permit pass it over, the other
-- tariffs go on; a person lets it go on. The thresholds were frozen at launch.
--
-- The run's field "brake" .. tariff says why; the counts of the last answers are in
-- the run's brake hash and are halved when they are a window's worth.

local BRAKE_FIELDS = { 'brake_min', 'brake_window', 'brake_message_pct', 'brake_refused_pct',
  'brake_doubt_pct' }

local function brake_of(run, tariff) return call('HGET', K.run .. run, 'brake' .. tariff) end

local function brake_set(run, tariff, why)
  call('HSETNX', K.run .. run, 'brake' .. tariff, why)
  call('PUBLISH', K.tick, 'run')
end

-- Of an answer's messages: how many of each kind. classes and reasons: a byte each.
local function brake_counts(classes, reasons)
  local function count(of, pattern) return select(2, string.gsub(of, pattern, '')) end
  return { n = #classes, account = count(reasons, '%' .. char(R.BAD_ACCOUNT)),
    message = count(reasons, '%' .. char(R.BAD_MESSAGE)), refused = count(classes, 'N'),
    doubt = count(classes, 'U') }
end

-- Answers about messages that went by this tariff.
local function brake_look(run, tariff, classes, reasons)
  local v = call('HMGET', K.run .. run, unpack(BRAKE_FIELDS))
  local least, window = tonumber(v[1]), tonumber(v[2])
  if not least or not window or brake_of(run, tariff) then return end
  local c = brake_counts(classes, reasons)
  if c.account > 0 then return brake_set(run, tariff, 'the gateway refuses the account') end
  local key, sum = K.run .. run .. K.brake, {}
  for _, name in ipairs({ 'n', 'message', 'refused', 'doubt' }) do
    local field = tariff .. ':' .. name
    sum[name] = (tonumber(book.get(key, field)) or 0) + c[name]
    if c[name] > 0 then book.set(key, field, int(sum[name])) end
  end
  local function too_many(name, pct, enough, words)
    pct = tonumber(pct) or 0
    if pct == 0 or sum.n < enough or sum[name] * 100 < pct * sum.n then return false end
    brake_set(run, tariff, sum[name] .. ' of the last ' .. sum.n .. ' messages: ' .. words)
    return true
  end
  -- A text that is not registered is refused every time: no need to try fifty.
  if too_many('message', v[3], math.min(least, 10), 'text or sender refused') or
    too_many('refused', v[4], least, 'refused') or
    too_many('doubt', v[5], least, 'in doubt') then return end
  if sum.n >= window then
    for name, n in pairs(sum) do book.set(key, tariff .. ':' .. name, floor(n / 2)) end
  end
end

local TARIFFS = 16

-- [run] → how many tariffs go on. By a person.
local function brake_release(_, a)
  local key, released = K.run .. a[1], 0
  for tariff = 0, TARIFFS - 1 do released = released + call('HDEL', key, 'brake' .. tariff) end
  call('DEL', key .. K.brake)
  fair.wake(a[1])
  if released > 0 then call('PUBLISH', K.tick, 'run') end
  return released
end

-- ---- canary: a run begins with a few messages, of each partition some ----
--
-- Of the run: "canary_n", how many; "canary", who lets it go on: 'person', or 'auto'
-- after "canary_after_s" seconds without a brake; "canary" .. p, the smallest batch
-- of a partition that has one.

-- Of each partition: front, cursor, smallest batch; and how many are claimed in all.
local function canary_places(r)
  local places, claimed = {}, 0
  for p = 0, (tonumber(r.partitions) or 0) - 1 do
    local v = call('HMGET', K.run .. r.id, 'front' .. p, 'cursor' .. p, 'canary' .. p)
    places[p] = { front = tonumber(v[1]) or 0, cursor = tonumber(v[2]) or 0,
      least = tonumber(v[3]) or 1 }
    claimed = claimed + places[p].cursor
  end
  return places, claimed
end

-- How far partition p may be claimed: shared out evenly, and what small ones do not have
-- goes to the others.
local function canary_limit(r, p)
  local places, claimed = canary_places(r)
  local fronts, left, level = {}, r.canary_n, math.huge
  for _, place in pairs(places) do fronts[#fronts + 1] = place.front end
  table.sort(fronts)
  for i, front in ipairs(fronts) do
    local n = #fronts - i + 1
    if front * n > left then
      level = math.ceil(left / n)
      break
    end
    left = left - front
  end
  local place = places[p]
  local limit = math.min(level, place.cursor + math.max(0, r.canary_n - claimed))
  if limit > place.cursor then limit = math.max(limit, place.cursor + place.least) end
  return math.min(limit, place.front)
end

local function canary_end(r)
  local key = K.run .. r.id
  for p = 0, (tonumber(r.partitions) or 0) - 1 do call('HDEL', key, 'canary' .. p) end
  call('HDEL', key, 'canary', 'canary_n', 'canary_at')
  fair.wake(r.id)
  call('PUBLISH', K.tick, 'run')
end

-- Are the first messages claimed, answered and given back? Second: are they all that there are?
local function canary_is_answered(r)
  local key = K.run .. r.id
  local places, claimed = canary_places(r)
  local is_all = call('HGET', key, 'frozen')
  if call('HLEN', key .. K.lease) > 0 then return false end
  for p, place in pairs(places) do
    is_all = is_all and place.cursor >= place.front
    if todo.count(r, p, true) > 0 then return false end
  end
  return is_all or claimed >= r.canary_n, is_all
end

-- Looked at by the keeper: the canary's run goes on, or waits for a person.
local function canary_look(run, r, t)
  if not r.canary_n or r.state ~= 'running' then return end
  local is_answered, is_all = canary_is_answered(r)
  if not is_answered then return end
  if is_all then return canary_end(r) end
  local key = K.run .. run
  local v = call('HMGET', key, 'canary', 'canary_after_s', 'canary_at')
  if v[1] == 'person' then
    canary_end(r)
    call('HSET', key, 'state', 'paused', 'why', 'canary', 'reason',
      'the first messages are answered', 'why_by', 'the server', 'why_s', int(floor(t.ms / 1000)))
    series.follow(run, 'paused')
    return
  end
  for tariff = 0, TARIFFS - 1 do if brake_of(run, tariff) then return end end
  if not v[3] then call('HSET', key, 'canary_at', int(t.ms))
  elseif t.ms - tonumber(v[3]) >= (tonumber(v[2]) or 0) * 1000 then canary_end(r) end
end
