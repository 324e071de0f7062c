-- SPDX-License-Identifier: MIT
-- Incarnations, leases and claim: who works on which range of which run.
--
-- A lease is {to, incarnation, fence} in the run's lease hash under
-- "partition:from". It lives as long as its incarnation's deadline (one
-- heartbeat renews all leases of a process). A range that is not leased and has
-- work left stands in the partition's todo (score = when it may be claimed), or
-- lies behind the cursor.

local function lease_of(run, p, from)
  local v = call('HGET', K.run .. run .. K.lease, p .. ':' .. from)
  return v and cmsgpack.unpack(v)
end

local function owns(run, p, from, inc, fence)
  local l = lease_of(run, p, from)
  return l and l.inc == inc and l.fence == fence and l
end

-- [inc, ttl_ms, redis_run_id] → [closed for ms, was this Redis seen before (0|1)]
-- Called at every connect and as the heartbeat. When Redis has another life than
-- the one we know, claim and permit stay closed for a rate window, and nothing is
-- taken over for a whole lease.
local function hello(_, a)
  local inc, ttl, id = a[1], tonumber(a[2]), a[3]
  local t = clock()
  local known = call('HGET', K.meta, 'redis_run_id')
  local is_new = known ~= id
  local dead = call('ZRANGEBYSCORE', K.incarnations, '-inf', int(t.ms - 86400000))
  call('ZADD', K.incarnations, int(t.ms + ttl), inc)
  for _, old in ipairs(dead) do call('ZREM', K.incarnations, old) end
  if is_new then
    local pause = known and 1000 or 0
    call('HSET', K.meta, 'redis_run_id', id, 'open_at', int(t.ms + pause),
      'takeover_at', int(t.ms + (known and ttl or 0)))
    t.open_at = t.ms + pause
  end
  return { math.max(0, math.ceil(t.open_at - t.ms)), is_new and 0 or 1 }
end

-- [inc]: a process that stops in order gives its leases back at once.
local function bye(_, a)
  call('ZREM', K.incarnations, a[1])
  return 1
end

local function todo_add(run, p, from, to, at_ms)
  local key, member = K.run .. run .. K.todo .. p, from .. ':' .. to
  local old = call('ZSCORE', key, member)
  if not old or tonumber(old) > at_ms then call('ZADD', key, int(at_ms), member) end
end

-- Seconds until attempt a+1 after attempt a was answered "not now".
local function backoff_ms(a) return math.min(600000, 2000 * 2 ^ (math.max(a, 1) - 1)) end

-- Close the books of a range that nobody works on any more: requests without a
-- live owner become doubt, what cannot be repeated is held. Returns when the
-- range should be claimed again, or nil when no step is left in it.
local function settle_range(w, t, launched, orphan)
  local key = request_key(w.run, w.p, w.from)
  local now_s = floor(t.ms / 1000) - launched
  local next_ms
  local fields = call('HGETALL', key)
  local repeats = {}
  for i = 1, #fields, 2 do
    local q = cmsgpack.unpack(fields[i + 1])
    if q.first >= w.from and q.first < w.to then
      local in_doubt = false
      for k, rank in ipairs(request_ranks(q)) do
        local at = byte(q.attempts, k)
        local r = window_get(w, rank)
        if orphan and r.state == S.SENDING and r.attempt == at then
          merge(w, rank, at, S.UNKNOWN, R.ORPHANED, now_s)
          r = window_get(w, rank)
        end
        if r.state == S.UNKNOWN and r.attempt == at then in_doubt = true end
      end
      if orphan then
        for _, permit in ipairs(q.copies) do call('HDEL', K.lane .. q.lane .. K.busy, permit) end
      end
      if in_doubt and is_repeatable(q, t.ms) then
        local at_ms = math.max(t.ms, q.asked + backoff_ms(#q.copies))
        next_ms = math.min(next_ms or at_ms, at_ms)
        repeats[#repeats + 1] = q
      elseif in_doubt or orphan then
        hold(w, q, now_s)
        call('HDEL', key, fields[i])
      end
    end
  end
  for rank = w.from, w.to - 1 do
    local r = window_get(w, rank)
    local at_ms
    if r.state == S.WAITING then
      at_ms = t.ms
    elseif r.state == S.RETRY then
      at_ms = (launched + r.changed) * 1000 + backoff_ms(r.attempt)
    end
    if at_ms then next_ms = math.min(next_ms or at_ms, at_ms) end
  end
  return next_ms, repeats
end

-- The range's owner is gone: doubt is made explicit in every run, running or not.
local function take_over(run, p, from, l, t, launched)
  local w = window_open(run, p, from, l.to)
  if w then
    local next_ms = settle_range(w, t, launched, true)
    window_write(w)
    if next_ms then todo_add(run, p, from, l.to, next_ms) end
  end
  call('HDEL', K.run .. run .. K.lease, p .. ':' .. from)
end

local function reap(run, t, launched, alive)
  if t.ms < t.takeover_at then return end
  local leases = call('HGETALL', K.run .. run .. K.lease)
  for i = 1, #leases, 2 do
    local l = cmsgpack.unpack(leases[i + 1])
    if alive[l.inc] == nil then
      alive[l.inc] = (tonumber(call('ZSCORE', K.incarnations, l.inc)) or 0) > t.ms
    end
    if not alive[l.inc] then
      local p, from = string.match(leases[i], '^(%d+):(%d+)$')
      take_over(run, tonumber(p), tonumber(from), l, t, launched)
    end
  end
end

-- Milliseconds until the run's hours open, 0 when they are open now. Vietnam is UTC+7.
local function hours_wait(t, from, to)
  if not from or not to or (from == 0 and to >= 1440) then return 0 end
  local ms_of_day = (t.ms + 25200000) % 86400000
  local a, b = from * 60000, to * 60000
  local is_open
  if a <= b then is_open = ms_of_day >= a and ms_of_day < b
  else is_open = ms_of_day >= a or ms_of_day < b end
  if is_open then return 0 end
  return (a - ms_of_day) % 86400000
end

local RUN_FIELDS = { 'state', 'launched_s', 'partitions', 'pass', 'weight', 'hours_from',
  'hours_to', 'lanes', 'prio' }

local function run_get(run)
  local v = call('HMGET', K.run .. run, unpack(RUN_FIELDS))
  local r = { id = run }
  for i, name in ipairs(RUN_FIELDS) do r[name] = tonumber(v[i]) or v[i] end
  return r
end

-- A range of the run for this lane: due todo first, then the cursor.
-- Returns p, from, to; or nil and when the next todo is due.
local function next_range(r, lane, want, t)
  local wake
  local i = 0
  for name in string.gmatch(r.lanes or '', '[^,]+') do
    local p = i
    i = i + 1
    if name == lane then
      local key = K.run .. r.id .. K.todo .. p
      local head = call('ZRANGE', key, 0, 0, 'WITHSCORES')
      if head[1] then
        if tonumber(head[2]) <= t.ms then
          local from, to = string.match(head[1], '^(%d+):(%d+)$')
          return p, tonumber(from), tonumber(to), head[1]
        end
        wake = math.min(wake or 1e18, tonumber(head[2]))
      end
      local v = call('HMGET', K.run .. r.id, 'cursor' .. p, 'front' .. p)
      local cursor, front = tonumber(v[1]) or 0, tonumber(v[2]) or 0
      if cursor < front then
        local to = math.min(front, cursor + want, (floor(cursor / STRING) + 1) * STRING)
        return p, cursor, to
      end
    end
  end
  return nil, wake
end

-- Requests in doubt in this window that permit would repeat now, for the new owner.
local function repeats_of(w, t)
  local out = {}
  local fields = call('HGETALL', request_key(w.run, w.p, w.from))
  for i = 1, #fields, 2 do
    local q = cmsgpack.unpack(fields[i + 1])
    if q.first >= w.from and q.first < w.to and is_repeatable(q, t.ms) then
      for k, rank in ipairs(request_ranks(q)) do
        local r = window_get(w, rank)
        if r.state == S.UNKNOWN and r.attempt == byte(q.attempts, k) then
          out[#out + 1] = { fields[i], q.members, q.attempts, q.hash, q.lane, int(q.first) }
          break
        end
      end
    end
  end
  return out
end

-- [lane, inc, want] →
--   ['work', run, p, from, to, fence, records, launched_s, requests in doubt]
--   ['sleep', ms, reason]
local function claim(_, a)
  local lane, inc, want = a[1], a[2], tonumber(a[3])
  local t = clock()
  if t.ms < t.open_at then return { 'sleep', math.ceil(t.open_at - t.ms), 'redis restarted' } end
  if not call('ZSCORE', K.incarnations, inc) then return { 'sleep', 100, 'not registered' } end
  local lv = call('HMGET', K.lane .. lane, 'not_before', 'why')
  local not_before = tonumber(lv[1]) or 0
  local wake, why = t.ms + 1000, 'no work'
  local runs, alive = {}, {}
  for _, id in ipairs(call('ZRANGE', K.runs, 0, -1)) do
    local r = run_get(id)
    if r.launched_s then
      reap(id, t, r.launched_s, alive)
      runs[#runs + 1] = r
    end
  end
  if t.ms < not_before then return { 'sleep', math.ceil(not_before - t.ms), lv[2] or 'lane waits' } end
  table.sort(runs, function(x, y)
    if x.prio ~= y.prio then return (x.prio or 9) < (y.prio or 9) end
    if x.pass ~= y.pass then return (x.pass or 0) < (y.pass or 0) end
    return tonumber(x.id) < tonumber(y.id)
  end)
  for _, r in ipairs(runs) do
    local closed = hours_wait(t, r.hours_from, r.hours_to)
    if r.state == 'running' and closed > 0 then
      if t.ms + closed < wake or why == 'no work' then
        wake, why = math.min(wake, t.ms + closed), 'outside the hours of its class'
      end
    elseif r.state == 'running' then
      local p, from, to, member = next_range(r, lane, want, t)
      if p then
        local w = window_open(r.id, p, from, to)
        local fence = call('HINCRBY', K.meta, 'fence', 1)
        if member then call('ZREM', K.run .. r.id .. K.todo .. p, member)
        else call('HSET', K.run .. r.id, 'cursor' .. p, to) end
        call('HSET', K.run .. r.id .. K.lease, p .. ':' .. from,
          cmsgpack.pack({ to = to, inc = inc, fence = fence }))
        call('HINCRBY', K.run .. r.id, 'pass', math.ceil((to - from) * 100 / (r.weight or 100)))
        return { 'work', tonumber(r.id), p, from, to, fence, w and w.bytes or '', r.launched_s,
          w and repeats_of(w, t) or {} }
      elseif from and from < wake then
        wake, why = from, 'retry later'
      end
    end
  end
  return { 'sleep', math.max(1, math.ceil(wake - t.ms)), why }
end

-- [run, p, from, inc, fence, delay_ms] → 1 released, 0 not ours (any more).
-- Called when no request of the range is outstanding.
local function release(_, a)
  local run, p, from = a[1], tonumber(a[2]), tonumber(a[3])
  local l = owns(run, p, from, a[4], tonumber(a[5]))
  if not l then return 0 end
  local t = clock()
  local r = run_get(run)
  local w = window_open(run, p, from, l.to)
  if w then
    local next_ms = settle_range(w, t, r.launched_s or 0, true)
    window_write(w)
    if next_ms then todo_add(run, p, from, l.to, math.max(next_ms, t.ms + tonumber(a[6]))) end
  end
  call('HDEL', K.run .. run .. K.lease, p .. ':' .. from)
  return 1
end

-- Ranks of [from, to) that a lease or a due range already stands for.
local function covered_ranks(run, p, from, to)
  local covered = {}
  local leases = call('HGETALL', K.run .. run .. K.lease)
  for i = 1, #leases, 2 do
    local lp, lf = string.match(leases[i], '^(%d+):(%d+)$')
    lf = tonumber(lf)
    if tonumber(lp) == p and lf < to then
      for rank = lf, cmsgpack.unpack(leases[i + 1]).to - 1 do covered[rank] = true end
    end
  end
  for _, m in ipairs(call('ZRANGE', K.run .. run .. K.todo .. p, 0, -1)) do
    local f, e = string.match(m, '^(%d+):(%d+)$')
    if tonumber(e) > from and tonumber(f) < to then
      for rank = tonumber(f), tonumber(e) - 1 do covered[rank] = true end
    end
  end
  return covered
end

-- Ranks that stand in a request which may be repeated by itself.
local function repeatable_ranks(run, p, rank, now_ms)
  local ranks = {}
  local fields = call('HGETALL', request_key(run, p, rank))
  for i = 2, #fields, 2 do
    local q = cmsgpack.unpack(fields[i])
    if is_repeatable(q, now_ms) then
      for _, r in ipairs(request_ranks(q)) do ranks[r] = true end
    end
  end
  return ranks
end

-- Has this uncovered record a step left? Sending without an owner becomes doubt,
-- doubt that nobody may repeat is held.
local function needs_owner(w, rank, repeatable, now_s)
  local rec = window_get(w, rank)
  if rec.state == S.SENDING then
    merge(w, rank, rec.attempt, S.UNKNOWN, R.ORPHANED, now_s)
    rec = window_get(w, rank)
  end
  if rec.state == S.WAITING or rec.state == S.RETRY then return true end
  if rec.state ~= S.UNKNOWN or rec.flags % 32 >= HELD then return false end
  if repeatable[rank] then return true end
  rec.flags = rec.flags + HELD
  w.changed[rank] = rec
  return false
end

local RANGE_MAX = 512

-- [run, p, string] → ranges put back, or -1: nothing will ever be left in this
-- string. Whatever is below the cursor, unleased, not in todo and has a step
-- left becomes claimable again. Found from the records alone.
local function reconcile(_, a)
  local run, p, j = a[1], tonumber(a[2]), tonumber(a[3])
  local t = clock()
  local r = run_get(run)
  if not r.launched_s or t.ms < t.takeover_at then return 0 end
  reap(run, t, r.launched_s, {})
  local cursor = tonumber(call('HGET', K.run .. run, 'cursor' .. p)) or 0
  local from, to = j * STRING, math.min(cursor, (j + 1) * STRING)
  local w = from < to and window_open(run, p, from, to)
  if not w then return 0 end
  local covered = covered_ranks(run, p, from, to)
  local repeatable
  local now_s = floor(t.ms / 1000) - r.launched_s
  local puts, start, is_settled = {}, nil, to == (j + 1) * STRING
  for rank = from, to do
    local needs = false
    if rank < to then
      local state = byte(w.bytes, (rank - from) * 8 + 1) % 16
      if OPEN[state] or state == S.UNKNOWN then
        is_settled = false
        if not covered[rank] then
          repeatable = repeatable or repeatable_ranks(run, p, from, t.ms)
          needs = needs_owner(w, rank, repeatable, now_s)
        end
      end
    end
    if start and (not needs or rank - start >= RANGE_MAX) then
      puts[#puts + 1] = { start, rank }
      start = nil
    end
    if needs and not start then start = rank end
  end
  window_write(w)
  for _, range in ipairs(puts) do todo_add(run, p, range[1], range[2], t.ms) end
  return is_settled and -1 or #puts
end
