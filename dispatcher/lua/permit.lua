-- SPDX-License-Identifier: MIT
-- permit: exactly one request, already rendered, may leave at a dated slot.
-- All checks or none: lease, run, hours, suppression epoch, the records as the
-- sender saw them, the lane's health, concurrency, every limit. Then the members
-- are marked and the request record is stored.

-- What a request costs in each of the things that contracts count.
local function cost_of(contract, members, parts)
  local cost = { contract = contract, messages = #members / 2, parts = 0, requests = 1 }
  for i = 1, #parts do cost.parts = cost.parts + byte(parts, i) end
  return cost
end

-- The attempt that a member which waits goes by: another provider's is always a new one, for its
-- reference is.
local function next_attempt(r, tariff)
  if r.state == S.RETRY then return r.attempt + 1 end
  if r.attempt == 0 or r.provider == tariff or r.attempt == 15 then return math.max(r.attempt, 1) end
  return r.attempt + 1
end

-- Are the members' records not what the sender saw, or not due for this attempt?
local function members_changed(w, ranks, expected, attempts, tariff)
  for i, rank in ipairs(ranks) do
    local r, at = window_get(w, rank), byte(attempts, i)
    local offset = (rank - w.from) * 8
    if sub(w.bytes, offset + 1, offset + 8) ~= sub(expected, i * 8 - 7, i * 8) then return true end
    if (r.state ~= S.WAITING and r.state ~= S.RETRY) or at ~= next_attempt(r, tariff) then
      return true
    end
  end
  return false
end

-- [run, p, from, inc, fence, permit, lane, 'new'|'repeat', first, members, expected,
--  attempts, parts, hash, cost, epoch, dedupe_ms, tariff, phones ('' = none), hashes of the
--  phones where the run has caps (see caps.lua), doubt_cap (0 = none), messages of the lane's
--  largest request]
--   ['go', slot us, now us, asked ms, repeatable till (ms + back),
--     the lane's factor] ['wait', us, reason]
--   ['stop', state] ['lost']
--   ['changed', records] ['epoch', n] ['held'] ['slow', us, reason] only this run must wait
--   ['caps', '1' for each member who has had as many as the policy allows]
local function permit(_, a)
  local run, p, from = a[1], tonumber(a[2]), tonumber(a[3])
  local id, lane, is_repeat, tariff = a[6], a[7], a[8] == 'repeat', tonumber(a[18])
  local t = clock()
  if t.ms < t.open_at then return { 'wait', int(opens_ms(t) * 1000), 'redis restarted' } end
  local lease = owns(run, p, from, a[4], tonumber(a[5]))
  if not lease then return { 'lost' } end
  local r = run_get(run)
  if r.state ~= 'running' then return { 'stop', r.state or 'gone' } end
  if brake_of(run, tariff) then return { 'stop', 'stopped by the brake' } end
  local closed = hours_wait(t, r.hours_from, r.hours_to)
  if closed > 0 then return { 'stop', 'outside the hours of its class' } end
  if t.epoch ~= tonumber(a[16]) then return { 'epoch', t.epoch } end
  local w = window_open(run, p, from, lease.to)
  if not w then return { 'lost' } end

  local first = tonumber(a[9])
  local field = first .. ':' .. byte(a[12], 1)
  local key = request_key(run, p, first)
  local stored = call('HGET', key, field)
  local q = stored and cmsgpack.unpack(stored)
  local ranks = request_ranks({ first = first, members = a[10] })
  if not is_inside(w, ranks) then return { 'lost' } end
  if q and has_copy(q, id) then return { 'held' } end -- ids are used once
  if is_repeat then
    if not q then return { 'changed', w.bytes } end
    if q.members ~= a[10] or q.hash ~= a[14] or q.lane ~= lane or
      not is_repeatable(w, q, ranks, t) then
      -- It will never be what it was: nobody need ask again.
      request_hold(w, q, ranks)
      request_write(key, field, w, q, ranks)
      window_write(w)
      return { 'held' }
    end
  elseif q or members_changed(w, ranks, a[11], a[12], tariff) then
    return { 'changed', w.bytes }
  else
    q = { lane = lane, first = first, members = a[10], attempts = a[12], hash = a[14],
      phones = a[19] ~= '' and a[19] or nil, copies = {},
      till = tonumber(a[17]) > 0 and t.ms + t.back + tonumber(a[17]) or 0 }
    q.window = q.till
  end

  local lv = limits.lane(lane, r.unit or 0)
  local rests, why = health.gate(lv, t)
  if rests then return { 'wait', int(rests * 1000), why } end
  if limits.is_busy(lv, t, r.kind == 'notices') then return { 'wait', '2000', 'concurrency' } end
  local cap = tonumber(a[21]) or 0
  if flight.is_full(lane, cap, #ranks, tonumber(a[22]) or 1, t) then
    return { 'wait', '2000', 'doubt_cap' }
  end
  local factor = health.factor(lv, t)
  local look = limits.look(lv, r, cost_of(tonumber(a[15]), a[10], a[13]), t, factor)
  if look.wait > 0 then
    limits.refuse(look)
    -- Too long to keep a range for it: claim passes the run over for some seconds, and looks again,
    -- for limits may be changed.
    if look.is_run and look.wait > limits.PARK_US then
      call('HSET', K.run .. run, 'slow_till', int(t.ms + limits.SLOW_MS), 'slow_why', look.why)
      return { 'stop', look.why }
    end
    return { look.is_run and 'slow' or 'wait', int(math.ceil(look.wait)), look.why }
  end
  local is_capped = not is_repeat and caps.is_capped(r)
  if is_capped then
    if #a[20] ~= #ranks * caps.HASH then return { 'lost' } end
    local over = caps.over(r, a[20], t)
    if over then return { 'caps', over } end
  end

  -- Only writes from here.
  local now_s = seconds_of(t, r.launched_s)
  for i, rank in ipairs(ranks) do
    local at = byte(a[12], i)
    if not is_repeat or phase_of(w, rank, at) == S.UNKNOWN then
      set_phase(w, rank, at, S.SENDING, 0, now_s, byte(a[13], i), tariff)
    end
  end
  window_write(w)
  q.copies[#q.copies + 1] = id
  q.asked = t.ms
  if is_capped then q.caps, q.capped_at = a[20], caps.charge(r, a[20], caps.tick(t)) end
  local paid = limits.charge(look)
  if #paid > 0 then
    q.paid = q.paid or {}
    q.paid[id] = paid
  end
  call('HSET', key, field, cmsgpack.pack(q))
  call('HSET', K.lane .. lane .. K.busy, id, flight.entry(a[4], #ranks, cap))
  health.permitted(lv, id, t)
  return { 'go', int(look.slot), int(t.us), int(q.asked), int(q.till), string.format('%.3f', factor) }
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
  local q = stored and cmsgpack.unpack(stored)
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

-- [run, p, first, attempt, permit, lane, members, attempts, parts, hash, asked ms,
--  till (ms + back), tariff, inc, phones ('' = none), hashes for caps ('' = none), cost,
--  launched_s of the run] → 1, 0 known already, -1 there is no such run or member, or not yet
-- Replay of an acknowledged permit after Redis came back: what it lost is marked
-- again, with its original time. What the permit's own answer said follows in
-- the replay; a "no" about another copy closes nothing any more.
local function remark(_, a)
  local run, p, first, id, lane = a[1], tonumber(a[2]), tonumber(a[3]), a[5], a[6]
  local t = clock()
  local r = run_get(run)
  local key, field = request_key(run, p, first), first .. ':' .. a[4]
  local stored = call('HGET', key, field)
  local q = stored and cmsgpack.unpack(stored)
  local ranks = request_ranks({ first = first, members = a[7] })
  local w = r.launched_s and window_open(run, p, ranks[1], ranks[#ranks] + 1)
  local is_other_run = r.launched_s and r.kind ~= 'notices' and tonumber(a[18]) and
    tonumber(a[18]) ~= r.launched_s
  if not w or is_other_run then
    number_used(run)
    return -1
  end
  if q and has_copy(q, id) or flight.has_landed(lane, id, t) then return 0 end
  -- Another request under this name: both are for a person.
  local is_other = q and (q.members ~= a[7] or q.hash ~= a[10])
  q = q or { lane = lane, first = first, members = a[7], attempts = a[8], hash = a[10],
    phones = a[15] ~= '' and a[15] or nil, copies = {}, asked = tonumber(a[11]),
    till = tonumber(a[12]), window = tonumber(a[12]) }
  local now_s = seconds_of(t, r.launched_s)
  local is_needed = false
  for i, rank in ipairs(ranks) do
    local at = byte(a[8], i)
    local ph = phase_of(w, rank, at)
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
    limits.charge_again(q, id, r, lane, cost_of(tonumber(a[17]) or 0, a[7], a[9]), tonumber(a[11]), t)
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
