-- SPDX-License-Identifier: MIT
-- Route: by which of its providers a partition of a run is sent now, and why.
--
-- Of a partition with one tariff (tariffs.lua) nothing is decided and nothing is written.
--
-- A provider is *usable* when a live process serves its lane, that does not rest, and none of its limits
-- by day or month is used up, or has too little left for what was refused for it. A partition *leaves* one that was not for `route_wait_ms`, so that one "too fast" moves
-- nothing, and comes back when it was usable for `route_return_s`, so that nothing flaps; at once
-- when a brake stops or a person lets go. One whose breaker is open still gets a single request
-- then, which tries it (health.lua); when nothing else works, it is tried before.
--
--   order, cheapest: the first that was not left takes all.
--   share: each may have its share of what is frozen, less what it was given; those that were left
--     have none. What was given back unsent is not counted.
--
-- In the run's field "route" .. p, what is remembered of a partition: `seen`, of each tariff since
-- when it is not usable (bad) or is again (good), ms, and that it was left (at, why, is_stopped);
-- `given`, ranks of each tariff; `is` and `via`, what was decided last. "via" .. p says it to people:
-- "TARIFF UNIX_S WHY" while that is not the usual, and so does a line of the detail log at each change.

route.WAIT_MS, route.RETURN_S = 500, 60

-- ---- how a provider is ----

-- Does a live process serve the lane? Each has claimed for it once, and keeps its lanes until it ends.
function route.is_served(lane, t)
  local key = K.served .. lane
  for _, inc in ipairs(call('SMEMBERS', key)) do
    local deadline = tonumber(call('ZSCORE', K.incarnations, inc) or '')
    if deadline and deadline > t.ms then return true end
    if not deadline then call('SREM', key, inc) end
  end
  return false
end

-- {why = why it is not usable or nil, is_half = its breaker is open and it may be tried,
-- is_trying = somebody does, is_stopped = by a brake}; seen: what this call has found out already.
function route.state(r, one, t, seen)
  local brake = call('HGET', K.run .. r.id, 'brake' .. one.t)
  if brake then return { why = brake, is_stopped = true } end
  if not seen[one.lane] then
    local lv = limits.lane(one.lane)
    local s = { is_half = lv.opens and true or nil }
    if (tonumber(lv.rate) or 0) <= 0 or not route.is_served(one.lane, t) then
      s.why = 'no running server has it in its configuration'
    else
      local _, why = health.gate(lv, t)
      s.is_trying = why and health.rests(lv, t) <= 0 or nil
      if not why then _, why = limits.closed(lv, limits.parse(lv.limits), nil, t, true) end
      s.why = why
    end
    seen[one.lane] = s
  end
  return seen[one.lane]
end

-- ---- the decision: pure ----

-- What is seen of each provider now goes into st. conf: {wait_ms, return_ms}.
function route.look(st, list, states, now, conf)
  for i, one in ipairs(list) do
    local s, m = states[i], st.seen[int(one.t)] or {}
    st.seen[int(one.t)] = m
    -- The clock was set back.
    if m.bad and m.bad > now then m.bad = now end
    if m.good and m.good > now then m.good = now end
    if s.why and not (m.left and s.is_trying) then
      if not m.bad then m.bad, m.good = now, nil end
      if s.is_stopped or now - m.bad >= conf.wait_ms then
        m.left, m.why, m.is_stopped = m.left or now, s.why, s.is_stopped
      end
    elseif not s.why then
      if m.bad then m.bad, m.good = nil, now end
      if m.left and (m.is_stopped or
        (not s.is_half and now - (m.good or now) >= conf.return_ms)) then
        m.left, m.why, m.is_stopped, m.good = nil, nil, nil, nil
      end
    end
  end
end

-- Those that a share is counted among; when all were left, those that work.
function route.sharing(st, list, states)
  local out = {}
  for i, one in ipairs(list) do
    if not st.seen[int(one.t)].left then out[#out + 1] = i end
  end
  if #out > 0 then return out end
  for i in ipairs(list) do
    if not states[i].why then out[#out + 1] = i end
  end
  return out
end

-- How many of the `front` ranks that are to be shared out provider i may have still, among `with`; at least 1 for the one that is
-- most behind, or nobody might take what is left.
function route.quota(st, list, with, i, front)
  local rest, shares, most, is_in = front, 0, nil, false
  local function given(k) return st.given[int(list[k].t)] or 0 end
  local sharing = {}
  for _, k in ipairs(with) do
    sharing[k], shares = true, shares + list[k].share
    if not most or given(k) / list[k].share < given(most) / list[most].share then most = k end
  end
  for k in ipairs(list) do
    if not sharing[k] then rest = rest - given(k) end
  end
  if not sharing[i] then return 0 end
  local quota = math.ceil(rest * list[i].share / shares - 0.000001) - given(i)
  if quota < 1 and most == i then return 1 end
  return math.max(0, quota)
end

-- The provider that takes all: its index, or nil, when to ask again (ms) and why.
function route.first(st, list, states, now, conf)
  for i, one in ipairs(list) do
    local m = st.seen[int(one.t)]
    if not m.left then
      if not states[i].why then return i end
      return nil, math.max(1, m.bad + conf.wait_ms - now), states[i].why
    end
  end
  for i in ipairs(list) do
    if not states[i].why then return i end
  end
  return nil, 1000, states[1].why
end

-- Does it try whether provider i works again? Then a smallest batch may go to it.
function route.tries(st, list, states, i, now, conf)
  local m = st.seen[int(list[i].t)]
  return m.left and not states[i].why and states[i].is_half and
    now - (m.good or now) >= conf.return_ms
end

-- May provider i take of the partition? → at most how many; or 0, when to ask again (ms), and why
-- nobody may (nil: others do).
function route.may(st, list, states, i, want, front, now, conf)
  local function trial() return route.tries(st, list, states, i, now, conf) and list.least or 0 end
  if states[i].why then return 0, 1000, states[i].why end
  local most, wait, why
  if list.kind == 'share' then
    most = route.quota(st, list, route.sharing(st, list, states), i, front)
    if most > 0 then most = math.max(most, list.least) end
    wait = 1000
  else
    local first
    first, wait, why = route.first(st, list, states, now, conf)
    if first == i then most = want
    elseif first then most, wait, why = 0, 1000, nil
    else most = 0 end
  end
  if most == 0 then most = trial() end
  if most == 0 then return 0, wait, why end
  -- Whether it works again is seen by one request.
  if states[i].is_half then most = math.min(most, list.least) end
  return math.min(want, most)
end

-- The tariffs that it is sent by, "" = it waits; and why not by those before them, "" = there is no why.
function route.words(st, list, states, now, conf)
  local left, is = {}, {}
  local first = list.kind ~= 'share' and route.first(st, list, states, now, conf)
  for i, one in ipairs(list) do
    local m = st.seen[int(one.t)]
    if i == first then
      if m.left and #left == 0 then left[1] = 'nothing else works' end
      is[1] = one.t
      break
    end
    if m.left then left[#left + 1] = one.lane .. ': ' .. m.why
    elseif list.kind == 'share' then is[#is + 1] = one.t end
  end
  return table.concat(is, ','), table.concat(left, '; ')
end

-- ---- the decision: of a run ----

function route.conf(r)
  return { wait_ms = tonumber(r.route_wait_ms) or route.WAIT_MS,
    return_ms = (tonumber(r.route_return_s) or route.RETURN_S) * 1000 }
end

-- What is remembered of partition p, with how its providers are now. changes: of this call, written
-- by route.write.
function route.open(r, p, list, t, seen)
  seen.open = seen.open or {}
  local id = r.id .. ':' .. p
  local o = seen.open[id]
  if o then return o end
  local v = call('HGET', K.run .. r.id, 'route' .. p)
  o = { r = r, p = p, list = list, states = {}, conf = route.conf(r), was = v,
    st = v and cmsgpack.unpack(v) or { seen = {}, given = {} } }
  for i, one in ipairs(list) do o.states[i] = route.state(r, one, t, seen) end
  route.look(o.st, list, o.states, t.ms, o.conf)
  seen.open[id] = o
  return o
end

-- Has the partition left this one, by what was decided last?
function route.has_left(r, p, one)
  local v = call('HGET', K.run .. r.id, 'route' .. p)
  local m = v and cmsgpack.unpack(v).seen[int(one.t)]
  return m and m.left and true or false
end

-- A change of the decision is written down for people; "via" only while it is not the usual.
function route.tell(o, t)
  local is, left = route.words(o.st, o.list, o.states, t.ms, o.conf)
  if is == '' or is == o.st.is then return end
  local before = o.st.is
  o.st.is = is
  if not before and left == '' then return end
  local why = left ~= '' and left or 'works again'
  local s = floor(t.ms / 1000)
  if left == '' then call('HDEL', K.run .. o.r.id, 'via' .. o.p)
  else call('HSET', K.run .. o.r.id, 'via' .. o.p, is .. ' ' .. int(s) .. ' ' .. why) end
  call('RPUSH', K.run .. o.r.id .. K.log, cjson.encode({ 'route', o.p, s, is, why }))
end

-- Only writes: what was seen in this call.
function route.write(seen, t)
  for _, o in pairs(seen.open or {}) do
    route.tell(o, t)
    local v = cmsgpack.pack(o.st)
    if v ~= o.was then call('HSET', K.run .. o.r.id, 'route' .. o.p, v) end
  end
end

function route.give(st, tariff, n)
  if n ~= 0 then st.given[int(tariff)] = (st.given[int(tariff)] or 0) + n end
end

-- Is anything left that is anybody's?
function route.is_left(r, p)
  local v = call('HMGET', K.run .. r.id, 'cursor' .. p, 'front' .. p)
  return (tonumber(v[1]) or 0) < (tonumber(v[2]) or 0) or
    call('EXISTS', K.run .. r.id .. K.todo .. p) == 1
end

-- Ranks of [from, to) that wait.
function route.waiting(r, p, from, to)
  local n, w = 0, window_open(r.id, p, from, to)
  for at = 1, w and #w.bytes or 0, 8 do
    local state = byte(w.bytes, at) % 16
    if state == S.WAITING or state == S.RETRY then n = n + 1 end
  end
  return n
end

-- How many ranks are to be shared out: those that are frozen; more where some are given again that
-- nobody gave back (a person's retry, a resend): what was given, what never was, what is due next.
function route.to_share(r, p, st)
  local v = call('HMGET', K.run .. r.id, 'front' .. p, 'cursor' .. p)
  local front, n = tonumber(v[1]) or 0, (tonumber(v[1]) or 0) - (tonumber(v[2]) or 0)
  for _, given in pairs(st.given) do n = n + given end
  local head = call('ZRANGE', K.run .. r.id .. K.todo .. p, 0, 0)[1]
  local from, to = string.match(head or '', '^(%d+):(%d+)$')
  if from then n = n + route.waiting(r, p, tonumber(from), tonumber(to)) end
  return math.max(front, n)
end

-- As route.may, of the run's partition.
function route.may_claim(r, p, one, want, t, seen)
  local list = route.of(r, p)
  local o, _, i = route.open(r, p, list, t, seen), route.entry(list, one.lane)
  local front = list.kind == 'share' and route.to_share(r, p, o.st) or 0
  return route.may(o.st, list, o.states, i, want, front, t.ms, o.conf)
end

-- The lease was given, of what was due there or of the frontier.
function route.claimed(r, p, from, l, due, seen)
  local o = seen.open and seen.open[r.id .. ':' .. p]
  if not o then return end
  local n = l.to - from
  if due and due[1] ~= K.run .. r.id .. K.todo .. p then n = 0 -- they are its own already
  elseif due then n = route.waiting(r, p, from, l.to) end
  route.give(o.st, l.t, n)
end

-- So many ranks were given back unsent by the tariff.
function route.take_back(run, p, list, tariff, n)
  if #list < 2 or not tariff or n == 0 then return end
  local v = call('HGET', K.run .. run, 'route' .. p)
  if not v then return end
  local st = cmsgpack.unpack(v)
  route.give(st, tariff, -n)
  call('HSET', K.run .. run, 'route' .. p, cmsgpack.pack(st))
end
