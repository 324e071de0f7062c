-- SPDX-License-Identifier: MIT
-- permit: requests of one lane, already rendered, may leave, each at a dated slot of its own.
-- All checks or none: lease, run, hours, freezes, suppression epoch, the records as the
-- sender saw them, the lane's health, concurrency, every limit. Then the members
-- are marked and the request record is stored.
--
-- Several are asked for in one call, in order; each is answered as if those before it had been written.
-- What they share is read once and written once.

local permits = { HEAD = 6, OF_CHUNK = 5, OF_REQUEST = 12 }

-- What a run's requests of this call share: its fields, `delta` for its counters, `now_s`.
function permits.run(c, run)
  local r = c.runs[run]
  if not r then
    r = run_get(run)
    r.delta, r.keys = {}, {}
    r.now_s = r.launched_s and seconds_of(c.t, r.launched_s)
    c.runs[run] = r
  end
  return r
end

-- request_key, made once for each string of records. (A partition has 2^20 of them at most.)
function permits.key(r, p, first)
  local at = p * 1048576 + floor(first / STRING)
  local key = r.keys[at]
  if not key then
    key = request_key(r.id, p, first)
    r.keys[at] = key
  end
  return key
end

-- What a request costs in each of the things that contracts count.
function permits.cost(contract, n, parts)
  return { contract = contract, messages = n, parts = raw.sum(parts), requests = 1 }
end

-- The attempt that a member which waits goes by: a new one where another provider has said something
-- about this one. What was un-marked never left, and has no reason to wait.
function permits.next_attempt(r, tariff)
  if r.state == S.RETRY then return r.attempt + 1 end
  if r.attempt == 0 or r.provider == tariff or r.reason == 0 or r.attempt == 15 then
    return math.max(r.attempt, 1)
  end
  return r.attempt + 1
end

-- Are the members' records not what the sender saw, or not due for this attempt?
function permits.is_changed(w, ranks, expected, attempts, tariff)
  for i, rank in ipairs(ranks) do
    local r, at = window_get(w, rank), byte(attempts, i)
    if pack_record(r) ~= sub(expected, i * 8 - 7, i * 8) then return true end
    if (r.state ~= S.WAITING and r.state ~= S.RETRY) or at ~= permits.next_attempt(r, tariff) then
      return true
    end
  end
  return false
end

-- ---- chunks ----

-- Why none of the chunk's requests may leave: the answer to each; nil = nothing.
function permits.stop(c, g)
  local t = c.t
  g.lease = owns(g.run, g.p, g.from, c.inc, g.fence)
  if not g.lease then return { 'lost' } end
  local r = g.r
  if r.state ~= 'running' then return { 'stop', r.state or 'gone' } end
  if brake_of(g.run, g.tariff) then return { 'stop', 'stopped by the brake' } end
  if window.is_over(r, t) then return { 'stop', 'the time is over by which it must be sent' } end
  local closed = hours.closed(r, t)
  if closed then return { 'stop', closed } end
  if t.epoch ~= g.epoch then return { 'epoch', t.epoch } end
end

-- The records of all requests that are inside the lease.
function permits.open_window(c, g)
  local from, to
  for _, o in ipairs(c.list) do
    if o.g == g and o.first >= g.from and o.last < g.lease.to then
      if not from or o.first < from then from = o.first end
      if not to or o.last > to then to = o.last end
    end
  end
  g.w = from and window_open(g.run, g.p, from, to + 1, g.r.delta)
end

function permits.open(a)
  local c = { lane = a[1], inc = a[2], cap = tonumber(a[3]), largest = tonumber(a[4]),
    dedupe_ms = tonumber(a[5]), t = clock(), chunks = {}, list = {}, runs = {}, slow = {} }
  local at, keys = permits.HEAD + 1, {}
  for i = 1, tonumber(a[6]) do
    local run = a[at]
    c.chunks[i] = { run = run, r = permits.run(c, run), p = tonumber(a[at + 1]), from = tonumber(a[at + 2]),
      fence = tonumber(a[at + 3]), epoch = tonumber(a[at + 4]) }
    local one = route.entry(route.of(c.runs[run], c.chunks[i].p), c.lane)
    c.chunks[i].tariff = one and one.t or c.chunks[i].p
    at = at + permits.OF_CHUNK
  end
  for i = at, #a, permits.OF_REQUEST do
    local o = { g = c.chunks[tonumber(a[i])], id = a[i + 1], is_repeat = a[i + 2] == 'repeat',
      first = tonumber(a[i + 3]), members = a[i + 4], expected = a[i + 5], attempts = a[i + 6],
      parts = a[i + 7], hash = a[i + 8], cost = tonumber(a[i + 9]), phones = a[i + 10],
      caps = a[i + 11] }
    o.n, o.last = #o.members / 2, request_last(o.first, o.members)
    o.key = permits.key(o.g.r, o.g.p, o.first)
    o.field = a[i + 3] .. ':' .. byte(o.attempts, 1)
    keys[o.key] = keys[o.key] or {}
    table.insert(keys[o.key], o.field)
    c.list[#c.list + 1] = o
  end
  book.open()
  for key, fields in pairs(keys) do book.read(key, fields) end
  for _, g in ipairs(c.chunks) do
    g.answer = permits.stop(c, g)
    if not g.answer then permits.open_window(c, g) end
  end
  return c
end

-- ---- one request ----

-- All records of the chunk, as they are with what this call permits: the sender looks again.
function permits.changed(c, g)
  local w = window_open(g.run, g.p, g.from, g.lease.to)
  if not w then return { 'lost' } end
  window_settle(g.w)
  local at = (g.w.from - g.from) * 8
  return { 'changed', sub(w.bytes, 1, at) .. g.w.bytes .. sub(w.bytes, at + #g.w.bytes + 1) }
end

-- A first attempt at members that nobody has been asked about, or none but this provider: what most
-- requests are. Their records are compared, and written, as bytes.
function permits.is_first(w, o)
  if o.is_repeat or o.last - o.first + 1 ~= o.n or o.attempts ~= string.rep('\1', o.n) then
    return false
  end
  window_settle(w)
  local at = (o.first - w.from) * 8
  o.g.first = o.g.first or '%z.[%z' .. raw.plain(char(1 + o.g.tariff * 16)) .. '].....'
  return sub(w.bytes, at + 1, at + o.n * 8) == o.expected and
    select(2, string.gsub(o.expected, o.g.first, '')) == o.n
end

-- May the request itself be sent, by what is known of it and its members? → an answer, or nil; then
-- o.q is its record.
function permits.look_request(c, o)
  local g, w = o.g, o.g.w
  if not w or o.first < w.from or o.last >= w.to then return { 'lost' } end
  local stored = book.get(o.key, o.field)
  local q = book.request(stored, o.key, { run = g.run, p = g.p, field = o.field })
  if q and has_copy(q, o.id) then return { 'held' } end -- ids are used once
  o.is_plain = not q and permits.is_first(w, o)
  if not o.is_plain then o.ranks = request_ranks(o) end
  if o.is_repeat then
    if not q then return permits.changed(c, g) end
    if q.members ~= o.members or q.hash ~= o.hash or q.lane ~= c.lane or
      not is_repeatable(w, q, o.ranks, c.t) then
      -- It will never be what it was: nobody need ask again.
      request_hold(w, q, o.ranks)
      request_write(o.key, o.field, w, q, o.ranks)
      return { 'held' }
    end
  elseif q or (not o.is_plain and
    permits.is_changed(w, o.ranks, o.expected, o.attempts, g.tariff)) then
    return permits.changed(c, g)
  else
    q = { lane = c.lane, first = o.first, members = o.members, attempts = o.attempts, hash = o.hash,
      phones = o.phones ~= '' and o.phones or nil, copies = {},
      till = c.dedupe_ms > 0 and c.t.ms + c.t.back + c.dedupe_ms or 0 }
    q.window = q.till
  end
  o.q = q
end

-- May the lane, the run and its unit send it now? → an answer, or nil; then o.look is to be charged.
-- A lane that must wait waits for the rest of the call, a run for its own.
function permits.look_limits(c, o)
  local lv, t, r = c.lv, c.t, o.g.r
  local rests, why = health.gate(lv, t)
  if rests then
    c.wait = { 'wait', int(rests * 1000), why }
    return c.wait
  end
  if limits.is_busy(lv, t, r.kind == 'notices' or r.class == 'emergency') then return { 'wait', '2000', 'concurrency' } end
  if flight.is_full(lv, c.cap, o.n, c.largest, t) then
    c.wait = { 'wait', '2000', 'doubt_cap' }
    return c.wait
  end
  o.look = limits.look(lv, r, permits.cost(o.cost, o.n, o.parts), t, c.factor)
  if o.look.wait <= 0 then return nil end
  limits.refuse(o.look)
  local us, is_run = o.look.wait, o.look.is_run
  local answer = { is_run and 'slow' or 'wait', int(math.ceil(us)), o.look.why,
    o.look.is_rate and 1 or nil }
  -- Too long to keep a range for it: claim passes the run over for some seconds, and looks again,
  -- for limits may be changed.
  if is_run and us > limits.PARK_US then
    book.set(K.run .. o.g.run, 'slow_till', int(t.ms + limits.SLOW_MS))
    book.set(K.run .. o.g.run, 'slow_why', o.look.why)
    answer = { 'stop', o.look.why }
  elseif o.look.is_left and us > limits.PARK_US then
    -- Only this one is too large: the lane is free for others.
    book.set(K.run .. o.g.run, 'slow:' .. c.lane, int(t.ms + limits.SLOW_MS) .. ' ' .. o.look.why)
    answer, is_run = { 'stop', o.look.why }, true
  end
  if is_run then c.slow[o.g.run] = answer else c.wait = answer end
  return answer
end

function permits.mark(c, o)
  local g, w, now_s = o.g, o.g.w, o.g.r.now_s
  if o.is_plain then
    g.marked = g.marked or raw.plain(char(S.SENDING, 0, 1 + g.tariff * 16)) .. '%0' ..
      raw.plain(raw.tail(now_s))
    window_patch(w, o.first, o.n, (string.gsub(o.parts, '.', g.marked)))
    return
  end
  for i, rank in ipairs(o.ranks) do
    local at = byte(o.attempts, i)
    if not o.is_repeat or phase_of(w, rank, at) == S.UNKNOWN then
      set_phase(w, rank, at, S.SENDING, 0, now_s, byte(o.parts, i), g.tariff)
    end
  end
end

function permits.answer(c, o)
  if c.closed or o.g.answer then return c.closed or o.g.answer end
  if c.slow[o.g.run] or c.wait then return c.slow[o.g.run] or c.wait end
  local answer = permits.look_request(c, o) or permits.look_limits(c, o)
  if answer then return answer end
  local r, q, t = o.g.r, o.q, c.t
  local is_capped = not o.is_repeat and caps.is_capped(r)
  if is_capped then
    if #o.caps ~= o.n * caps.HASH then return { 'lost' } end
    local over = caps.over(r, o.caps, t)
    if over then return { 'caps', over } end
  end

  -- Nothing is asked of Redis any more.
  permits.mark(c, o)
  q.copies[#q.copies + 1] = o.id
  q.asked = t.ms
  if is_capped then q.caps, q.capped_at = o.caps, caps.charge(r, o.caps, caps.tick(t)) end
  local paid = limits.charge(o.look)
  if #paid > 0 then
    q.paid = q.paid or {}
    q.paid[o.id] = paid
  end
  book.set(o.key, o.field, cmsgpack.pack(q))
  book.set(c.lv.key .. K.busy, o.id, flight.entry(c.inc, o.n, c.cap))
  flight.add(c.lv, o.n)
  health.permitted(c.lv, o.id, t)
  -- Fewer of it wait now: it may have more.
  if tonumber(r.speed) or c.lv.units then fair.due_at(o.g.run, c.lane, 0) end
  return { 'go', int(c.t.us + o.look.ahead), c.now, c.asked, int(q.till), c.factor_text }
end

-- [lane, inc, doubt_cap (0 = none), messages of the lane's largest request, dedupe_ms, how many chunks;
--  of each chunk: run, p, from, fence, epoch;
--  of each request: number of its chunk, permit, 'new'|'repeat', first, members, expected, attempts,
--   parts, hash, cost, phones ('' = none), hashes of the phones where the run has caps (see caps.lua)]
-- The tariff is the lane's of the partition. → for each request, in order:
--   ['go', slot us, now us, asked ms, repeatable till (ms + back),
--     the lane's factor] ['wait', us, reason, 1 = for a rate]
--   ['stop', state] ['lost']
--   ['changed', records] ['epoch', n] ['held'] ['slow', us, reason, …] only this run must wait
--   ['caps', '1' for each member who has had as many as the policy allows]
local function permit(_, a)
  local c, out = permits.open(a), {}
  local t = c.t
  if t.ms < t.open_at then
    c.closed = { 'wait', int(opens_ms(t) * 1000), 'redis restarted' }
  end
  c.lv = limits.lane(c.lane)
  c.factor = health.factor(c.lv, t)
  c.now, c.asked, c.factor_text = int(t.us), int(t.ms), string.format('%.3f', c.factor)
  for i, o in ipairs(c.list) do out[i] = permits.answer(c, o) end
  limits.write(c.lv, t)
  book.write()
  for _, g in ipairs(c.chunks) do if g.w then window_write(g.w) end end
  for run, r in pairs(c.runs) do count_write(run, r.delta) end
  return out
end

-- [run, p, from, inc, fence, first, attempt] → 1, 0 not ours. A repeat that cannot
-- be said again as it was: its members are for a person.
local function hold(_, a)
  local run, p, from = a[1], tonumber(a[2]), tonumber(a[3])
  local l = owns(run, p, from, a[4], tonumber(a[5]))
  local w = l and window_open(run, p, from, l.to)
  if not w then return 0 end
  local key, field = request_key(run, p, tonumber(a[6])), a[6] .. ':' .. a[7]
  local stored = call('HGET', key, field)
  local q = book.request(stored)
  if not q then return 1 end
  local ranks = request_ranks(q)
  request_hold(w, q, ranks)
  if is_inside(w, ranks) then request_write(key, field, w, q, ranks)
  else call('HSET', key, field, cmsgpack.pack(q)) end
  window_write(w)
  return 1
end

-- A reference with this number is out: no other run gets it.
local function number_used(run)
  if (tonumber(call('HGET', K.seq, 'run')) or 0) < tonumber(run) then call('HSET', K.seq, 'run', run) end
end

-- → 1, 0 known already, -1 there is no such run or member, or not yet.
-- Replay of an acknowledged permit after Redis came back: what it lost is marked
-- again, with its original time. What the permit's own answer said follows in
-- the replay; a "no" about another copy closes nothing any more.
function permits.remark(a)
  local run, p, first, id, lane = a[1], tonumber(a[2]), tonumber(a[3]), a[5], a[6]
  local t = clock()
  local r = run_get(run)
  local key, field = request_key(run, p, first), first .. ':' .. a[4]
  local stored = call('HGET', key, field)
  local q = book.request(stored)
  local ranks = request_ranks({ first = first, members = a[7] })
  local w = r.launched_s and window_open(run, p, ranks[1], ranks[#ranks] + 1)
  local is_other_run = r.launched_s and r.kind ~= 'notices' and tonumber(a[18]) and
    tonumber(a[18]) ~= r.launched_s
  if not w or is_other_run then
    number_used(run)
    return -1
  end
  if q and has_copy(q, id) or flight.has_landed(lane, id, t) then return 0 end
  -- Another request under this name, or the same one at another provider: both are for a person.
  local is_other = q and (q.members ~= a[7] or q.hash ~= a[10] or q.lane ~= lane)
  q = q or { lane = lane, first = first, members = a[7], attempts = a[8], hash = a[10],
    phones = a[15] ~= '' and a[15] or nil, copies = {}, asked = tonumber(a[11]),
    till = tonumber(a[12]), window = tonumber(a[12]) }
  local now_s = seconds_of(t, r.launched_s)
  local is_needed = false
  for i, rank in ipairs(ranks) do
    local at = byte(a[8], i)
    local ph = phase_of(w, rank, at)
    local rec = window_get(w, rank)
    if POSITIVE[ph] and rec.parts == 0 then -- by a report that was told again before the permit
      rec.parts, rec.provider, is_needed = byte(a[9], i), tonumber(a[13]), true
      add(w.delta, 'parts:' .. rec.provider, rec.parts)
      w.changed[rank] = rec
    end
    if RANK[ph] < RANK[S.SENDING] and not is_other then
      set_phase(w, rank, at, S.SENDING, 0, now_s, byte(a[9], i), tonumber(a[13]))
    elseif not POSITIVE[ph] then
      set_phase(w, rank, at, S.UNKNOWN, R.ORPHANED, now_s, byte(a[9], i), tonumber(a[13]))
      if is_other then hold_one(w, rank) end
    end
    is_needed = is_needed or not POSITIVE[ph]
  end
  if is_needed then
    q.copies[#q.copies + 1] = id
    q.till = is_other and 0 or math.min(q.till, tonumber(a[12]))
    q.window, q.torn = math.max(q.window or 0, tonumber(a[12])), q.torn or is_other or nil
    q.asked = math.max(q.asked or 0, tonumber(a[11]))
    if (a[16] or '') ~= '' and not q.caps then
      q.caps, q.capped_at = a[16], caps.charge(r, a[16], floor(tonumber(a[11]) / caps.TICK_MS))
    end
    limits.charge_again(q, id, r, lane, permits.cost(tonumber(a[17]) or 0, #a[7] / 2, a[9]),
      tonumber(a[11]), t)
    call('HSET', key, field, cmsgpack.pack(q))
    call('HSET', K.lane .. lane .. K.busy, id, a[14])
    wake_run(r, p, ranks[1])
  end
  window_write(w)
  -- Redis may have lost the claim, too: what lies between is found by the reconciler.
  local cursor = tonumber(call('HGET', K.run .. run, 'cursor' .. p)) or 0
  if cursor <= ranks[#ranks] then call('HSET', K.run .. run, 'cursor' .. p, ranks[#ranks] + 1) end
  return 1
end

-- [of each: run, p, first, attempt, permit, lane, members, attempts, parts, hash, asked ms,
--  till (ms + back), provider, inc, phones ('' = none), hashes for caps ('' = none), cost,
--  launched_s of the run] → 1, 0 all were known already, or minus how many are of no run or member
--  that is there, or not yet
local function remark(_, a)
  local news, lost = 0, 0
  for i = 1, #a, 18 do
    local one = permits.remark({ unpack(a, i, math.min(i + 17, #a)) })
    if one < 0 then lost = lost + 1 else news = math.max(news, one) end
  end
  return lost > 0 and -lost or news
end
