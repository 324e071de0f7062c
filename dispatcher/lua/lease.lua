-- SPDX-License-Identifier: MIT
-- Incarnations, leases and claim: who works on which range of which run.
--
-- A lease is {to, incarnation, fence, claim id} in the run's lease hash under
-- "partition:from". It lives as long as its incarnation's deadline (one
-- heartbeat renews all leases of a process), and knows the tariff that it was given
-- to. A range that is not leased and has work left stands in the partition's todo
-- (todo.lua), or lies behind the cursor.

local function owns(run, p, from, inc, fence)
  local v = call('HGET', K.run .. run .. K.lease, p .. ':' .. from)
  local l = v and cmsgpack.unpack(v)
  return l and l.inc == inc and l.fence == fence and l
end

local LEASE_MAX_MS = 60000

-- Until it is worth asking whether Redis is open. Its clock may be set meanwhile: not for long.
local function opens_ms(t) return math.min(1000, math.ceil(t.open_at - t.ms)) end

-- The clock was set back: nothing is closed, and nobody is alive, for longer than a lease; and
-- for how long a gateway knows a reference is measured on, or it would be told again when it has
-- forgotten it.
local function set_back(t, ttl)
  call('HSET', K.meta, 'seen_ms', int(t.ms), 'back_ms', int(t.back))
  for _, name in ipairs({ 'open_at', 'takeover_at' }) do
    if t[name] > t.ms + LEASE_MAX_MS then
      t[name] = t.ms + ttl
      call('HSET', K.meta, name, int(t[name]))
    end
  end
  for _, inc in ipairs(call('ZRANGEBYSCORE', K.incarnations, int(t.ms + LEASE_MAX_MS), '+inf')) do
    call('ZADD', K.incarnations, int(t.ms + ttl), inc)
  end
end

-- [inc, ttl_ms, redis_run_id] → [closed for ms, was this Redis seen before (0|1)]
-- Called at every connect, after the replay, and as the heartbeat. When Redis has
-- another life than the one we know, claim and permit stay closed, and nothing is
-- taken over, for a whole lease; fences that may have been lost are not given twice.
local function hello(_, a)
  local inc, ttl, id = a[1], tonumber(a[2]), a[3]
  local t = clock()
  local known = call('HGET', K.meta, 'redis_run_id')
  local is_new = known ~= id
  for _, old in ipairs(call('ZRANGEBYSCORE', K.incarnations, '-inf', int(t.ms - 86400000))) do
    call('ZREM', K.incarnations, old)
  end
  set_back(t, ttl)
  halts.refresh(t)
  call('ZADD', K.incarnations, int(t.ms + ttl), inc)
  call('ZADD', K.libraries, int(t.ms), 'loa' .. V)
  if is_new then
    local pause = known and math.max(1000, ttl) or 0
    call('HSET', K.meta, 'redis_run_id', id, 'open_at', int(t.ms + pause),
      'takeover_at', int(t.ms + pause))
    call('HINCRBY', K.meta, 'fence', 4294967296)
    t.open_at = t.ms + pause
  end
  return { math.max(0, math.ceil(t.open_at - t.ms)), is_new and 0 or 1 }
end

-- [inc]: a process that stops in order gives its leases back at once.
local function bye(_, a)
  call('ZREM', K.incarnations, a[1])
  return 1
end

-- Until somebody who has had as many messages as the policy allows is looked at again.
local caps_later_ms = 300000

-- Ranks of [from, to) that a lease stands for.
local function leased_ranks(run, p, from, to)
  local covered = {}
  local leases = call('HGETALL', K.run .. run .. K.lease)
  for i = 1, #leases, 2 do
    local lp, lf = string.match(leases[i], '^(%d+):(%d+)$')
    lf = tonumber(lf)
    if tonumber(lp) == p and lf < to then
      for rank = lf, cmsgpack.unpack(leases[i + 1]).to - 1 do covered[rank] = true end
    end
  end
  return covered
end

-- Ranks of [from, to) that a due range stands for.
local function due_ranks(r, p, from, to)
  local covered = {}
  for _, key in ipairs(todo.keys(r.id, p, route.of(r, p))) do
    for _, m in ipairs(call('ZRANGE', key, 0, -1)) do
      local f, e = string.match(m, '^(%d+):(%d+)$')
      if tonumber(e) > from and tonumber(f) < to then
        for rank = tonumber(f), tonumber(e) - 1 do covered[rank] = true end
      end
    end
  end
  return covered
end

-- [from, to) of the partition's leases.
local function lease_ranges(run, p)
  local out, leases = {}, call('HGETALL', K.run .. run .. K.lease)
  for i = 1, #leases, 2 do
    local lp, from = string.match(leases[i], '^(%d+):(%d+)$')
    if tonumber(lp) == p then
      out[#out + 1] = { tonumber(from), cmsgpack.unpack(leases[i + 1]).to }
    end
  end
  return out
end

-- Close the books of a range that nobody works on any more: requests without an
-- owner become doubt, what cannot be repeated is held. Returns when the range
-- should be claimed again, or nil when no step is left in it; and when each rank is due.
local function settle_range(w, t, launched)
  local key = request_key(w.run, w.p, w.from)
  local now_s = seconds_of(t, launched)
  local next_ms
  local due = {}
  local function at(ms, rank)
    next_ms = math.min(next_ms or ms, ms)
    if rank then due[rank] = ms end
  end
  local fields = call('HGETALL', key)
  for i = 1, #fields, 2 do
    local q = book.request(fields[i + 1], key, { run = w.run, p = w.p, field = fields[i] })
    local ranks = q and request_ranks(q)
    if q and ranks[1] < w.to and ranks[#ranks] >= w.from then
      local inside = is_inside(w, ranks)
      for k, rank in ipairs(ranks) do
        local a = byte(q.attempts, k)
        if rank >= w.from and rank < w.to and phase_of(w, rank, a) == S.SENDING then
          set_phase(w, rank, a, S.UNKNOWN, R.ORPHANED, now_s)
        end
      end
      if inside then request_judge(w, q, ranks, now_s) end
      if inside and is_repeatable(w, q, ranks, t) then
        at(math.max(t.ms, q.asked + backoff_ms(#q.copies)))
      else
        request_hold(w, q, ranks)
      end
      if inside then request_write(key, fields[i], w, q, ranks)
      else call('HSET', key, fields[i], cmsgpack.pack(q)) end
    end
  end
  for rank = w.from, w.to - 1 do
    local r = window_get(w, rank)
    if r.state == S.SENDING then -- no request stands for it: a roll-back lost it
      set_phase(w, rank, r.attempt, S.UNKNOWN, R.ORPHANED, now_s)
      hold_one(w, rank)
    elseif r.reason == R.CAP and (r.state == S.WAITING or r.state == S.RETRY) then
      -- As many as the policy allows: not before somebody else's time has passed.
      at(math.min(t.ms + caps_later_ms, (launched + r.changed) * 1000 + caps_later_ms), rank)
    elseif r.state == S.WAITING then
      at(t.ms, rank)
    elseif r.state == S.RETRY then
      at((launched + r.changed) * 1000 + backoff_ms(r.attempt), rank)
    end
  end
  return next_ms, due
end

-- The lease of a range of run r ends: what is left in it is due, nothing before not_before.
local function give_up(r, p, from, l, t, not_before)
  local w = window_open(r.id, p, from, l.to)
  local list = route.of(r, p)
  if w then
    local next_ms, due = settle_range(w, t, r.launched_s or 0)
    local spans = #list > 1 and todo.spans(w, list, t)
    window_write(w)
    if spans then
      local _, free = todo.put(w, list, spans, due,
        { not_before = not_before, most = STRING, is_mine = true })
      route.take_back(r.id, p, list, l.t, free)
    elseif next_ms then
      todo_add(r.id, p, from, l.to, math.max(next_ms, not_before))
    end
  end
  call('HDEL', K.run .. r.id .. K.lease, p .. ':' .. from)
  owners.drop(l)
end

-- By the keeper, a run at a time: what dead owners held is taken over (doubt is made explicit in
-- every run, running or not), and leases of the living that nobody would find are entered.
local function reap(r, t)
  local leases, alive = call('HGETALL', K.run .. r.id .. K.lease), {}
  for i = 1, #leases, 2 do
    local l = cmsgpack.unpack(leases[i + 1])
    local p, from = string.match(leases[i], '^(%d+):(%d+)$')
    if alive[l.inc] == nil then alive[l.inc] = is_alive(l.inc, t) end
    if alive[l.inc] then
      owners.enter(r.id, p, from, l)
    elseif t.ms >= t.takeover_at then
      give_up(r, tonumber(p), tonumber(from), l, t, 0)
    end
  end
end

local RUN_FIELDS = { 'state', 'launched_s', 'partitions', 'weight', 'hours_from',
  'hours_to', 'lanes', 'prio', 'kind', 'canary_n', 'unit', 'speed', 'pace',
  'cap_day', 'cap_week', 'class', 'slow_till', 'slow_why', 'wait_min', 'routes', 'route_wait_ms',
  'route_return_s', 'smooth_speed', 'finish_s' }

local function run_get(run)
  local v = call('HMGET', K.run .. run, unpack(RUN_FIELDS))
  local r = { id = run }
  for i, name in ipairs(RUN_FIELDS) do r[name] = tonumber(v[i]) or v[i] end
  window.slow_down(r)
  return r
end

-- By each claim, in every run: what dead owners held is taken over.
local function reap_all(t)
  if t.ms < t.takeover_at then return end
  for _, inc in ipairs(owners.dead(t)) do
    local held = call('HGETALL', K.owned .. inc)
    for i = 1, #held, 2 do
      local run, p, from, l = owners.find(inc, held[i], held[i + 1])
      local r = run and run_get(run)
      if r and r.launched_s then give_up(r, p, from, l, t, 0)
      else owners.drop({ inc = inc, claim = held[i] }) end
    end
    call('SREM', K.owners, inc)
  end
end

local PIECE = 1024 -- records of a step; a string is several

-- A run that was put away is told what Redis has lost of it: it is looked after again.
local function wake_run(r, p, rank)
  if r.state ~= 'cancelled' and r.state ~= 'finished' then return end
  local key = K.run .. r.id
  if r.state == 'cancelled' then
    call('ZADD', key .. K.pieces, 0, p .. ':' .. int(rank - rank % PIECE))
  else
    call('HSET', key, 'state', 'running')
    call('HDEL', key, 'over_s')
    series.follow(r.id, 'running')
  end
  call('ZADD', K.runs, int(r.prio or 9), r.id)
end

-- From partition p's cursor on, as many as are wanted; a range holds at least `least`
-- members if that can be helped: one, or a whole string of records where a request may not be small
-- and those who go together must meet. Returns from, to; or nil and why.
local function fresh_range(r, p, want, least)
  local v = call('HMGET', K.run .. r.id, 'cursor' .. p, 'front' .. p, 'frozen')
  local cursor, front = tonumber(v[1]) or 0, tonumber(v[2]) or 0
  if cursor >= front then return nil end
  local limit = r.canary_n and canary_limit(r, p) or front
  if cursor >= limit then return nil, 'the first messages are being looked at' end
  if r.kind == 'notices' then least = 1 end
  if r.canary_n then
    least = math.min(least, tonumber(call('HGET', K.run .. r.id, 'canary' .. p)) or least)
  end
  local string_end = (floor(cursor / STRING) + 1) * STRING
  local last = math.min(limit, string_end)
  local to = math.min(last, cursor + want)
  if last - to < least then to = last end
  -- What stays of the string is a batch, too, or it could never be sent.
  if v[3] or front >= string_end then
    local stays = math.min(front, string_end)
    if stays - to < least then to = stays end
    return cursor, to
  end
  -- More are coming: a few now would be too few.
  if string_end - to < least then to = string_end - least end
  if to - cursor < least then return nil end
  return cursor, to
end

-- A range of partition p for its tariff `one`: due ones first, then the cursor. → from, to and
-- where it stood as due {key, member, where that ended if only a part is taken}; or nil, when the next may be had (ms) and why not now.
local function range_of(r, p, one, want, least, t, seen)
  local list, wake, why = route.of(r, p), nil, nil
  if brake_of(r.id, one.t) then return nil, nil, 'stopped by the brake' end
  local anybodys = K.run .. r.id .. K.todo .. p
  local keys, may = { anybodys }, want
  if #list > 1 then
    local ms
    keys = { anybodys .. ':' .. one.t, anybodys }
    may = 0
    if route.is_left(r, p) then
      may, ms, why = route.may_claim(r, p, one, want, t, seen)
      if may < 1 then wake, seen.why = t.ms + ms, why or fair.OTHER end
    end
    if may < 1 then keys[2] = nil end
  end
  for _, key in ipairs(keys) do
    local head = call('ZRANGE', key, 0, 0, 'WITHSCORES')
    if head[1] then
      -- Farther away than anything is put off: the clock was set back.
      if tonumber(head[2]) <= t.ms or tonumber(head[2]) > t.ms + BACKOFF_MAX_MS then
        local from, to = string.match(head[1], '^(%d+):(%d+)$')
        from, to = tonumber(from), tonumber(to)
        if key == anybodys and may < want and to - from > may then
          local at = todo.cut(r, p, list, from, to, may, t)
          return from, at, { key, head[1], at < to and to or nil }
        end
        return from, to, { key, head[1] }
      end
      wake = math.min(wake or 1e18, tonumber(head[2]))
    end
  end
  if may < 1 then return nil, wake, why end
  local from, to = fresh_range(r, p, may, least)
  if from then return from, to end
  return nil, wake, to or why
end

-- A range of the run for this lane. Returns p, from, to, and where it stood as due; or nil, when
-- the next may be had, and why there is none.
local function next_range(r, lane, want, least, t, seen)
  local wake, why
  for p = 0, (tonumber(r.partitions) or 0) - 1 do
    local one = route.entry(route.of(r, p), lane)
    if one then
      local from, to, at = range_of(r, p, one, want, least, t, seen)
      if from then return p, from, to, at end
      if to then wake = math.min(wake or 1e18, to) end
      why = at or why
    end
  end
  return nil, wake, why
end

-- Requests of the lane in doubt in this window that permit would repeat now, for the new owner.
local function repeats_of(w, lane, t)
  local out = {}
  local fields = call('HGETALL', request_key(w.run, w.p, w.from))
  for i = 1, #fields, 2 do
    local q = book.request(fields[i + 1])
    local ranks = q and request_ranks(q)
    if q and q.lane == lane and is_inside(w, ranks) and is_repeatable(w, q, ranks, t) then
      out[#out + 1] = { fields[i], q.members, q.attempts, q.hash, q.lane, int(q.first) }
    end
  end
  return out
end

local function work(r, p, from, l, lane, t)
  local w = window_open(r.id, p, from, l.to)
  return { 'work', tonumber(r.id), p, from, l.to, l.fence, w and w.bytes or '', r.launched_s,
    w and repeats_of(w, lane, t) or {}, math.ceil(tonumber(r.speed) or 0), l.t or p, l.as and l.as + 1 or 0 }
end

-- What the lane may have of the run now → p, from, to, where it stood as due; or nil, when it is to be
-- looked at again (nil: when somebody says so) and why.
local function look(r, lv, want, least, t, seen)
  if r.state ~= 'running' or not r.launched_s or window.is_over(r, t) then return nil end
  local closed, closed_ms = hours.closed(r, t)
  if closed then return nil, t.ms + closed_ms, closed end
  local room, wait, why = limits.room(lv, r, want, t)
  if wait > 0 then return nil, t.ms + math.min(wait, fair.PUT_OFF_MS), why end
  seen.why = nil
  local p, from, to, due = next_range(r, lv.name, math.max(room, math.min(want, least)), least, t, seen)
  if p then return p, from, to, due end
  if from then return nil, from, seen.why or 'retry later' end
  return nil, to and t.ms + fair.PUT_OFF_MS, to
end

local function sleep_of(lane, is_more, t)
  local at, why = fair.next_look(lane)
  local ms = is_more and 1 or (at or t.ms + 1000) - t.ms
  return { 'sleep', math.max(1, math.min(1000, math.ceil(ms))), why or 'no work', why and 1 or 0 }
end

-- A run whose work nobody told the index of: an older release, or a clock that was set back. By
-- the keeper, in each turn.
function fair.heal(r, t)
  if r.state ~= 'running' or window.is_over(r, t) or hours.closed(r, t) then return end
  for _, lane in ipairs(fair.names(r)) do
    if call('ZSCORE', K.ready .. lane, r.id) then
      local at = tonumber(call('ZSCORE', K.waited .. lane, r.id) or '')
      if r.wait_min and (not at or at > t.ms + r.wait_min * 60000) then
        fair.wait_from(r.id, lane, t, r.wait_min)
      end
    else
      local p, wake = next_range(r, lane, 1, 1, t, {})
      local at = tonumber(call('ZSCORE', K.later .. lane, r.id) or '')
      if p and (not at or at > t.ms + fair.PUT_OFF_MS) then
        call('ZADD', K.later .. lane, 0, r.id)
      elseif not p and wake then
        fair.due_at(r.id, lane, wake)
      end
    end
  end
end

-- A range of the run for this claim → its lease, p, from; nil: it has none now, and is put off.
-- as: the order that it is served as, nil = its own.
local function serve(r, order, c, as)
  local want = fair.share(c.lane, order, c.want, c.best, tonumber(c.lv.rate) or 0)
  local p, from, to, due = look(r, c.lv, want, c.least, c.t, c.seen)
  if not p then
    fair.put_off(r.id, c.lane, from, to)
    return nil
  end
  local l = { to = to, inc = c.inc, claim = c.id, as = as, fence = call('HINCRBY', K.meta, 'fence', 1),
    t = route.entry(route.of(r, p), c.lane).t }
  if due then
    call('ZREM', due[1], due[2])
    if due[3] then todo_add(r.id, p, to, due[3], c.t.ms) end
  else call('HSET', K.run .. r.id, 'cursor' .. p, to) end
  call('HSET', K.run .. r.id .. K.lease, p .. ':' .. from, cmsgpack.pack(l))
  owners.enter(r.id, p, from, l)
  route.claimed(r, p, from, l, due, c.seen)
  return l, p, from
end

-- Who is next for the claim → its answer; nil: nobody has anything for it.
local function choose(c)
  for _ = 1, fair.LOOKS do
    local id, order = fair.head(c.lane)
    if not id or order >= c.below then return nil end
    local aged, own
    if c.below == math.huge then aged, own = fair.aged(c.lane, id, order, c.t) end
    local r = run_get(aged or id)
    -- In the sender's queue it stands with those that it goes ahead of, behind single messages.
    local l, p, from = serve(r, own or order, c, aged and order + (order + 1) % 2)
    if l then
      fair.served(r, c.lane, own or order, l.to - from, aged, c.t)
      route.write(c.seen, c.t)
      return work(r, p, from, l, c.lane, c.t)
    end
  end
end

-- [lane, inc, want, claim id, below or '', smallest batch, best batch] →
--   ['work', run, p, from, to, fence, records, launched_s, requests in doubt, the run's speed,
--    tariff, 1 + the order that it is served as, 0 = its own]
--   ['sleep', ms, reason, is it that of a run, not the lane's (0|1)]
-- Asked again with the same id, because the answer was lost, it answers the same.
-- want: a second of the lane's rate; below: only what is more urgent than this order; best: fewer
-- members than that waste what the contract counts.
local function claim(_, a)
  local t = clock()
  local c = { lane = a[1], inc = a[2], want = tonumber(a[3]), id = a[4], t = t,
    below = tonumber(a[5]) or math.huge, least = tonumber(a[6]) or 1, best = tonumber(a[7]) or 1 }
  if t.ms < t.open_at then return { 'sleep', opens_ms(t), 'redis restarted' } end
  if not call('ZSCORE', K.incarnations, c.inc) then return { 'sleep', 100, 'not registered' } end
  call('SADD', K.served .. c.lane, c.inc)
  c.lv = limits.lane(c.lane)
  local rests, rests_why = health.gate(c.lv, t)
  if not rests then rests, rests_why = limits.closed(c.lv, limits.parse(c.lv.limits), nil, t) end
  local run, p, from, mine = owners.claimed(c.inc, c.id)
  if mine then return work(run_get(run), p, from, mine, c.lane, t) end
  reap_all(t)
  if rests then return { 'sleep', math.ceil(rests), rests_why } end
  local is_more = fair.move_due(c.lane, t)
  c.seen = {}
  local found = choose(c)
  if found then return found end
  route.write(c.seen, t)
  return sleep_of(c.lane, is_more, t)
end

-- [run, p, from, inc, fence, delay_ms] → 1 released, 0 not ours (any more).
-- Called when no request of the range is outstanding.
local function release(_, a)
  local run, p, from = a[1], tonumber(a[2]), tonumber(a[3])
  local l = owns(run, p, from, a[4], tonumber(a[5]))
  if not l then return 0 end
  local t = clock()
  give_up(run_get(run), p, from, l, t, t.ms + tonumber(a[6]))
  return 1
end

-- Ranks that stand in a request which may be repeated by itself → its last rank.
local function repeatable_ranks(w, t)
  local last = {}
  local fields = call('HGETALL', request_key(w.run, w.p, w.from))
  for i = 2, #fields, 2 do
    local q = book.request(fields[i])
    local ranks = q and request_ranks(q)
    if q and is_inside(w, ranks) and is_repeatable(w, q, ranks, t) then
      for _, r in ipairs(ranks) do last[r] = { ranks[1], ranks[#ranks] } end
    end
  end
  return last
end

-- Has this uncovered record a step left? Sending without an owner becomes doubt,
-- doubt that nobody may repeat is held.
local function needs_owner(w, rank, repeatable, now_s)
  local rec = window_get(w, rank)
  if rec.state == S.SENDING then
    set_phase(w, rank, rec.attempt, S.UNKNOWN, R.ORPHANED, now_s)
    rec = window_get(w, rank)
  end
  if rec.state == S.WAITING or rec.state == S.RETRY then return true end
  if rec.state ~= S.UNKNOWN or rec.flags % 32 >= HELD then return false end
  if repeatable[rank] then return true end
  hold_one(w, rank)
  return false
end

local RANGE_MAX = 512

-- Members [from, to) of a cancelled run, or of one whose time is over, in one string: what nobody works on ends, doubt
-- is for evidence or a person. → -1, or how many stand under a lease still.
local function sweep(r, p, from, to, t)
  to = math.min(to, tonumber(call('HGET', K.run .. r.id, 'front' .. p)) or 0)
  local w = from < to and window_open(r.id, p, from, to)
  if not w then return from < to and 0 or -1 end
  local leased, now_s = leased_ranks(r.id, p, from, to), seconds_of(t, r.launched_s)
  local ends, reason = window.ending(r)
  local key = request_key(r.id, p, from)
  local fields = call('HGETALL', key)
  for i = 1, #fields, 2 do
    local q = book.request(fields[i + 1], key, { run = r.id, p = p, field = fields[i] })
    local ranks = q and request_ranks(q) or {}
    local inside, is_owned, touches = q and is_inside(w, ranks), false, false
    for k, rank in ipairs(ranks) do
      if rank >= from and rank < to then
        local at = byte(q.attempts, k)
        touches, is_owned = true, is_owned or leased[rank]
        if not leased[rank] and phase_of(w, rank, at) == S.SENDING then
          set_phase(w, rank, at, S.UNKNOWN, R.ORPHANED, now_s)
        end
      end
    end
    if touches and not is_owned then
      if inside then request_judge(w, q, ranks, now_s) end
      request_hold(w, q, ranks)
      if inside then request_write(key, fields[i], w, q, ranks)
      else call('HSET', key, fields[i], cmsgpack.pack(q)) end
    end
  end
  local left = 0
  for rank = from, to - 1 do
    local state = (w.changed[rank] or { state = byte(w.bytes, (rank - from) * 8 + 1) % 16 }).state
    if leased[rank] then
      left = left + 1
    elseif state == S.SENDING or state == S.UNKNOWN then
      if state == S.SENDING then -- no request stands for it: a roll-back lost it
        set_phase(w, rank, window_get(w, rank).attempt, S.UNKNOWN, R.ORPHANED, now_s)
      end
      hold_one(w, rank)
    elseif OPEN[state] then
      cancel_one(w, rank, ends, reason, now_s)
    end
  end
  window_write(w)
  return left > 0 and left or -1
end

-- [run, p, string] → ranges put back, or -1: nothing will ever be left in this
-- string. Whatever is below the cursor, unleased, not in todo and has a step
-- left becomes claimable again. Found from the records alone.
local function reconcile(_, a)
  local run, p, j = a[1], tonumber(a[2]), tonumber(a[3])
  local t = clock()
  local r = run_get(run)
  if not r.launched_s or t.ms < t.takeover_at then return 0 end
  reap(r, t)
  if window.ending(r) then return sweep(r, p, j * STRING, (j + 1) * STRING, t) end
  local cursor = tonumber(call('HGET', K.run .. run, 'cursor' .. p)) or 0
  local from, to = j * STRING, math.min(cursor, (j + 1) * STRING)
  local w = from < to and window_open(run, p, from, to)
  if not w then return 0 end
  local leased, due = leased_ranks(run, p, from, to), due_ranks(r, p, from, to)
  local list, needed, repeatable = route.of(r, p), {}, nil
  local now_s = seconds_of(t, r.launched_s)
  local puts, range, is_settled = {}, nil, to == (j + 1) * STRING
  for rank = from, to - 1 do
    local state = byte(w.bytes, (rank - from) * 8 + 1) % 16
    if OPEN[state] or state == S.UNKNOWN then
      is_settled = false
      -- A due range speaks for what will be claimed, not for what is being sent.
      if not leased[rank] and (state == S.SENDING or not due[rank]) then
        repeatable = repeatable or repeatable_ranks(w, t)
        if needs_owner(w, rank, repeatable, now_s) and not due[rank] then
          needed[rank] = t.ms
          -- A range holds whole requests, or nobody could repeat them.
          local whole = repeatable[rank] or { rank, rank }
          if range and whole[1] <= range[2] and (rank - range[1] < RANGE_MAX or
            whole[1] < rank) then
            range[2] = math.max(range[2], whole[2] + 1)
          else
            range = { whole[1], whole[2] + 1 }
            puts[#puts + 1] = range
          end
        end
      end
    end
  end
  local again = #list > 1 and todo.put_again(w, list, needed, function(rank)
    local rec = window_get(w, rank)
    return not leased[rank] and not due[rank] and not OPEN[rec.state] and
      (rec.state ~= S.UNKNOWN or rec.flags % 32 >= HELD)
  end, t)
  window_write(w)
  if again then return is_settled and -1 or again end
  for _, range in ipairs(puts) do todo_add(run, p, range[1], range[2], t.ms) end
  return is_settled and -1 or #puts
end
